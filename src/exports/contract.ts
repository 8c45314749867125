import { z } from 'zod'
import { defineRoutes } from '#platform/http/contract'

/** npm: ECMAScript modules with types. python: a source distribution. oci: the build context of an image that answers HTTP. */
export const ExportForm = z.enum(['npm', 'python', 'oci'])
export type ExportForm = z.infer<typeof ExportForm>

export const exportRoutes = defineRoutes({
  exportVersion: {
    method: 'GET',
    path: '/api/models/:model/versions/:version/export',
    permission: 'exports:read',
    summary: 'A packaged version as an npm package, a Python package or the build context of an image: one .tar.gz.',
    params: z.object({ model: z.string(), version: z.coerce.number().int().min(1) }),
    query: z.object({ as: ExportForm }),
    reply: z.unknown(),
    raw: true,
  },
})
