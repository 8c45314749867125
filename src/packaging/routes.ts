import type { HttpServer } from '#platform/http'
import { packagingRoutes } from './contract.ts'
import type { PackagingRoom } from './packaging.ts'

export function mountPackaging(http: HttpServer, packaging: PackagingRoom): void {
  http.mount('packaging', packagingRoutes, {
    packageVersion: ({ params, body, principal }) => packaging.request({ ...params, ...body, by: principal.name }),
    getPackaging: ({ params }) => packaging.state(params.model, params.version),
  })
}
