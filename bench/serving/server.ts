/** One server of the bench, in a process of its own: `empty` or `orrery`. Tells its port, then its CPU time when asked. */
import { createServer } from 'node:http'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { openHttp } from '#platform/http'
import { openSqlite } from '#platform/storage'
import { systemClock } from '#platform/time'
import { mountServing, openServing, servingMigrations } from '#serving'
import { exportOnnx, fitModel } from '#trainer'
import { FEATURES, tableOf } from './model.ts'

const kind = process.argv[2]
process.on('disconnect', () => process.exit(0))
process.on('message', () => process.send!({ cpu: process.cpuUsage(), rss: process.memoryUsage.rss() }))
process.send!({ port: kind === 'empty' ? await serveEmpty() : await serveOrrery() })

async function serveEmpty(): Promise<number> {
  const answer = JSON.stringify({ model: 'bench', predictions: [{ id: '', value: 0.5, label: 'yes', version: 1 }] })
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (chunk) => (body += chunk))
    request.on('end', () => {
      JSON.parse(body)
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answer) })
      response.end(answer)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as { port: number }).port
}

async function serveOrrery(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'orrery-bench-'))
  process.on('exit', () => void rm(folder, { recursive: true, force: true }))
  const storage = await openSqlite({ file: join(folder, 'bench.db'), durability: 'full' })
  await storage.migrate(servingMigrations)
  const { frame, target } = tableOf(4_000)
  const model = fitModel(
    { task: 'binary', classes: ['no', 'yes'] },
    { learner: 'boosted_trees', trees: 200 },
    { frame, target },
  )
  const log = pino({ level: 'error' })
  const serving = openServing({
    storage,
    clock: systemClock,
    log,
    endpoints: {
      endpoint: async () => ({
        project: 'bench',
        model: 'bench',
        traffic: { stable: [{ version: 1, weight: 1 }], canary: null, reference: null, kept: [] },
        time: [],
      }),
      names: async () => ['bench'],
      package: async () => ({
        bytes: exportOnnx(model),
        signature: {
          task: 'binary',
          classes: ['no', 'yes'],
          label: 'label',
          features: FEATURES.map((name) => ({ name, kind: 'numeric' })),
        },
      }),
      onTrafficChanged: () => () => {},
    },
  })
  const http = await openHttp({ log, version: '0', authorize: async () => ({ name: 'local', roles: ['admin'] }) })
  mountServing(http, serving)
  await serving.warmAll()
  return Number(new URL(await http.fastify.listen({ port: 0, host: '127.0.0.1' })).port)
}
