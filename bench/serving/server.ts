/**
 * One server of the bench, in a process of its own: `empty` or `orrery <onnx files> <durability>`. Tells its port; takes the
 * version that is to answer.
 */
import { createServer } from 'node:http'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { openHttp } from '#platform/http'
import { openSqlite } from '#platform/storage'
import { systemClock } from '#platform/time'
import { mountServing, openServing, servingMigrations } from '#serving'
import { SIGNATURE } from './model.ts'

const [kind, onnx, durability] = process.argv.slice(2)
process.on('disconnect', () => process.exit(0))
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
  const storage = await openSqlite({
    file: join(folder, 'bench.db'),
    durability: durability === 'process' ? 'process' : 'full',
  })
  await storage.migrate(servingMigrations)
  const files = onnx!.split(',')
  let version = 1
  const log = pino({ level: 'error' })
  const serving = openServing({
    storage,
    clock: systemClock,
    log,
    journal: join(folder, 'predictions'),
    endpoints: {
      endpoint: async () => ({
        project: 'bench',
        model: 'bench',
        traffic: { stable: [{ version, weight: 1 }], canary: null, reference: null, kept: [] },
        time: [],
      }),
      names: async () => ['bench'],
      package: async (_, of) => ({ bytes: await readFile(files[of - 1]!), signature: SIGNATURE }),
      onTrafficChanged: () => () => {},
    },
  })
  const http = await openHttp({ log, version: '0', authorize: async () => ({ name: 'local', roles: ['admin'] }) })
  mountServing(http, serving)
  await serving.warmAll()
  process.on('message', async (asked: { version: number }) => {
    version = asked.version
    await serving.warm('bench')
    process.send!({ version })
  })
  return Number(new URL(await http.fastify.listen({ port: 0, host: '127.0.0.1' })).port)
}
