import type { HttpServer } from '#platform/http'
import { nextCursor, offsetOf } from '#platform/http'
import { dataRoutes } from './contract.ts'
import type { Data } from './data.ts'

export function mountData(http: HttpServer, data: Data): void {
  http.mount('data', dataRoutes, {
    listDatasets: async ({ params }) => ({ datasets: await data.datasets(params.project) }),
    listDataVersions: async ({ params, query }) => {
      const offset = offsetOf(query.cursor)
      const versions = await data.versions(params.project, params.dataset, { limit: query.limit, offset })
      return { versions, next: nextCursor(offset, versions.length, query.limit) }
    },
    getDataVersion: ({ params }) => data.version(params.version),
    previewDataVersion: ({ params }) => data.preview(params.version),
  })
}
