import type { HttpServer } from '#platform/http'
import { nextCursor, offsetOf, sendFile } from '#platform/http'
import { dataRoutes } from './contract.ts'
import type { Data } from './data.ts'
import type { FileDatasets } from './files/file-datasets.ts'
import type { DataReports } from './reports/reports.ts'

const PARQUET = 'application/vnd.apache.parquet'

export function mountData(
  http: HttpServer,
  { data, files, reports }: { data: Data; files: FileDatasets; reports: DataReports },
): void {
  http.mount('data', dataRoutes, {
    listDatasets: async ({ params }) => ({ datasets: await data.datasets(params.project) }),
    listDataVersions: async ({ params, query }) => {
      const offset = offsetOf(query.cursor)
      const versions = await data.versions(params.project, params.dataset, { limit: query.limit, offset })
      return { versions, next: nextCursor(offset, versions.length, query.limit) }
    },
    getDataVersion: ({ params }) => data.version(params.version),
    traceDataVersion: ({ params }) => data.lineage(params.version),
    findDataVersion: ({ params: { project, dataset, number } }) => data.numbered(project, dataset, number),
    readTable: async ({ params, request, reply }) => {
      const version = await data.version(params.version)
      const { blobHash: hash, dataset, number } = version
      const path = await data.readPath(version)
      return sendFile(request, reply, { path, hash, type: PARQUET, name: `${dataset}@${number}.parquet` })
    },
    readParts: async ({ params, request, reply }) => {
      const { dataset, number } = await data.version(params.version)
      const parts = await reports.parts(params.version)
      return sendFile(request, reply, { ...parts, type: PARQUET, name: `${dataset}@${number}-parts.parquet` })
    },
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
