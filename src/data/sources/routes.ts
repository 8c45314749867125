import { createReadStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import type { HttpServer } from '#platform/http'
import { SourceNotOfServer } from '../errors.ts'
import { dataSourceRoutes } from './contract.ts'
import type { DataSources } from './data-sources.ts'

export function mountDataSources(http: HttpServer, sources: DataSources): void {
  http.mount('data-sources', dataSourceRoutes, {
    listSources: async ({ params }) => ({ sources: await sources.cards(params.project) }),
    checkSource: ({ params }) => sources.check(params.project, params.dataset),
    uploadTable: ({ params, query, principal, request }) =>
      sources.upload({ ...params, name: query.name, by: principal.name }, request.raw),
    listUploads: async ({ params, query }) => ({
      uploads: await sources.uploads(params.project, params.dataset, query.limit),
    }),
    readSource: async ({ params: { project, dataset }, reply }) => {
      const spec = await sources.specOf(project, dataset)
      const folder = await mkdtemp(join(tmpdir(), 'orrery-source-'))
      try {
        const brought = await sources.bring({ project, dataset, spec, folder })
        if (!brought) throw new SourceNotOfServer(dataset, spec.source)
        const { name, at, what, path } = brought
        reply.header('orrery-source', encodeURIComponent(JSON.stringify({ name, at, what })))
        await reply.type('application/octet-stream').send(createReadStream(path))
        await finished(reply.raw).catch(() => {})
        return reply
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    },
  })
}
