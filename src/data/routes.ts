import type { HttpServer } from '#platform/http'
import { nextCursor, offsetOf } from '#platform/http'
import { dataRoutes } from './contract.ts'
import type { Data } from './data.ts'
import type { FileDatasets } from './files/file-datasets.ts'

export function mountData(http: HttpServer, data: Data, files: FileDatasets): void {
  http.mount('data', dataRoutes, {
    listDatasets: async ({ params }) => ({ datasets: await data.datasets(params.project) }),
    listDataVersions: async ({ params, query }) => {
      const offset = offsetOf(query.cursor)
      const versions = await data.versions(params.project, params.dataset, { limit: query.limit, offset })
      return { versions, next: nextCursor(offset, versions.length, query.limit) }
    },
    getDataVersion: ({ params }) => data.version(params.version),
    previewDataVersion: ({ params }) => data.preview(params.version),
    listFileDatasets: async ({ params }) => ({ datasets: await files.datasets(params.project) }),
    listFileVersions: async ({ params, query }) => {
      const offset = offsetOf(query.cursor)
      const versions = await files.versions(params.project, params.dataset, { limit: query.limit, offset })
      return { versions, next: nextCursor(offset, versions.length, query.limit) }
    },
    listFiles: async ({ params, query }) => {
      const offset = offsetOf(query.cursor)
      const found = await files.files(params.version, { limit: query.limit, offset })
      return { files: found, next: nextCursor(offset, found.length, query.limit) }
    },
  })
}
