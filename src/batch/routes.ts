import { createReadStream } from 'node:fs'
import type { Blobs } from '#platform/blobs'
import type { HttpServer } from '#platform/http'
import type { BatchRoom } from './batch.ts'
import { batchRoutes } from './contract.ts'
import { NothingSetAside } from './errors.ts'

export function mountBatch(http: HttpServer, { batch, blobs }: { batch: BatchRoom; blobs: Blobs }): void {
  http.mount('batch', batchRoutes, {
    startBatch: ({ body, principal }) => batch.request({ ...body, by: principal.name }),
    listBatches: async ({ query }) => ({
      batches: await batch.list({ limit: query.limit, ...(query.project !== undefined && { project: query.project }) }),
    }),
    getBatch: ({ params }) => batch.get(params.batch),
    cancelBatch: ({ params }) => batch.cancel(params.batch),
    batchAside: async ({ params, reply }) => {
      const { outcome } = await batch.get(params.batch)
      if (!outcome?.aside) throw new NothingSetAside(params.batch)
      return reply
        .header('content-type', 'application/vnd.apache.parquet')
        .header('content-disposition', `attachment; filename="${params.batch}-aside.parquet"`)
        .send(createReadStream(await blobs.path(outcome.aside)))
    },
  })
}
