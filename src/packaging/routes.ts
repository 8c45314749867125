import type { HttpServer } from '#platform/http'
import { packagingRoutes } from './contract.ts'
import type { PackagingRoom } from './packaging.ts'

export function mountPackaging(http: HttpServer, packaging: PackagingRoom): void {
  http.mount('packaging', packagingRoutes, {
    packageVersion: ({ params, body, principal }) => packaging.request({ ...params, ...body, by: principal.name }),
    composeVersion: async ({ params, query, body, principal }) => {
      const asked = { ...params, graph: body, by: principal.name, project: query.project ?? null }
      const { model, version } = await packaging.compose(asked)
      return { model, version }
    },
    getPackaging: ({ params }) => packaging.state(params.model, params.version),
  })
}
