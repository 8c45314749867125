import { z } from 'zod'

/** Which code a model comes from. */
export const CodeVersion = z.object({
  commit: z.string().nullable(),
  dirty: z.boolean(),
  /** sha256 over the project folder's small files, for folders outside git and for work not committed. */
  contentHash: z.string(),
})
export type CodeVersion = z.infer<typeof CodeVersion>
