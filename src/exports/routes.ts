import type { HttpServer } from '#platform/http'
import { exportRoutes } from './contract.ts'
import type { Exports } from './exports.ts'

export function mountExports(http: HttpServer, exports: Exports): void {
  http.mount('exports', exportRoutes, {
    exportVersion: async ({ params, query, reply }) => {
      const { name, archive } = await exports.archive(params.model, params.version, query.as)
      return reply
        .header('content-type', 'application/gzip')
        .header('content-disposition', `attachment; filename="${name}"`)
        .send(archive)
    },
  })
}
