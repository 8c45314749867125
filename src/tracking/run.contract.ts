import { z } from 'zod'

export const RunState = z.enum(['running', 'finished', 'failed', 'killed'])

export const Artifact = z.object({ path: z.string(), size: z.number(), hash: z.string() })
export type Artifact = z.infer<typeof Artifact>

export const LoggedModelStatus = z.enum(['pending', 'ready', 'failed'])
export type LoggedModelStatus = z.infer<typeof LoggedModelStatus>

const LONGEST_KEY = 250
const LONGEST_VALUE = 8_000

export const TagRef = z.object({ key: z.string().min(1).max(LONGEST_KEY) })
export const TagChange = TagRef.extend({ value: z.string().max(LONGEST_VALUE) })
