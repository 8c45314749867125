/**
 * Requests per second, latency, CPU and memory of one row of 20 numbers on 200 trees: `POST /predict` with every answer logged and
 * durable, an empty `node:http` server that only reads and parses the same request, and, with a Python that has
 * `bench/serving/peers/requirements.txt`, MLServer and a hand-written FastAPI with ONNX Runtime. All in turn, in one run.
 *
 *     node bench/serving/predict.ts [--seconds 2] [--rounds 3] [--python <python>] [--durability full|process]
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Load, LoadResult } from '../load.ts'
import { FEATURES, trainedOnnx } from './model.ts'
import { type Served, startFastApi, startMlserver, usageOf } from './peers.ts'

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
    python: { type: 'string' },
    durability: { type: 'string', default: 'full' },
  },
})
const seconds = Number(options.seconds)
const rounds = Number(options.rounds)
const CONNECTIONS = [1, 8, 64]

interface Cell extends LoadResult {
  /** Of the server, user and system, all its processes and threads. */
  readonly cpu: number
  readonly megabytes: number
}

const folder = await mkdtemp(join(tmpdir(), 'orrery-bench-'))
const onnx = join(folder, 'model.onnx')
await writeFile(onnx, trainedOnnx())
const row = FEATURES.map((_, f) => (f + 1) / 21)
const client = fork(`${import.meta.dirname}/../load.ts`)
const servers = new Map<string, Served>([
  ['empty', await startOwn('empty')],
  ['orrery', await startOwn('orrery')],
])
if (options.python) {
  servers.set('fastapi', await startFastApi(options.python, onnx, row))
  servers.set('mlserver', await startMlserver(options.python, onnx, row, join(folder, 'mlserver'), 0))
}

// Warm: the first thousands of requests measure the compiler.
for (const name of servers.keys()) await measure(name, 64, 2)
const cells = new Map<string, Cell[]>()
for (let round = 0; round < rounds; round++)
  for (const connections of CONNECTIONS)
    for (const name of servers.keys()) {
      const key = `${name} ${connections}`
      cells.set(key, [...(cells.get(key) ?? []), await measure(name, connections, seconds)])
    }

console.log(
  `${availableParallelism()} cores, load ${loadavg()[0]!.toFixed(1)}, ${rounds} rounds of ${seconds} s per cell, medians; durability ${options.durability}`,
)
console.log('server    conn      req/s    p50 ms    p99 ms   CPU µs      MB  failed   req/s of orrery   CPU of orrery')
for (const connections of CONNECTIONS)
  for (const name of servers.keys()) {
    const cell = medianOf(cells.get(`${name} ${connections}`)!)
    const ours = medianOf(cells.get(`orrery ${connections}`)!)
    console.log(
      [
        name.padEnd(9),
        String(connections).padStart(4),
        cell.perSecond.toFixed(0).padStart(10),
        cell.p50Ms.toFixed(2).padStart(9),
        cell.p99Ms.toFixed(2).padStart(9),
        cell.cpu.toFixed(1).padStart(8),
        cell.megabytes.toFixed(0).padStart(7),
        String(cell.failed).padStart(7),
        `${(ours.perSecond / cell.perSecond).toFixed(2)} ×`.padStart(17),
        `${(ours.cpu / cell.cpu).toFixed(2)} ×`.padStart(15),
      ].join(' '),
    )
  }
client.disconnect()
for (const { process: child } of servers.values()) child.kill()
await rm(folder, { recursive: true, force: true })

async function startOwn(kind: string): Promise<Served> {
  const child = fork(`${import.meta.dirname}/server.ts`, [kind, onnx, options.durability])
  const [{ port }] = (await once(child, 'message')) as [{ port: number }]
  const records = [Object.fromEntries(FEATURES.map((name, f) => [name, row[f]!]))]
  return { port, path: '/predict/bench', body: JSON.stringify({ records }), process: child }
}

async function measure(name: string, connections: number, time: number): Promise<Cell> {
  const { port, path, body, process: child } = servers.get(name)!
  const before = usageOf(child.pid!)
  const load: Load = { port, path, body, connections, seconds: time }
  client.send(load)
  const [result] = (await once(client, 'message')) as [LoadResult]
  const after = usageOf(child.pid!)
  return { ...result, cpu: (after.cpu - before.cpu) / result.requests, megabytes: after.rss / 1024 ** 2 }
}

function medianOf(results: readonly Cell[]): Cell {
  return [...results].sort((a, b) => a.perSecond - b.perSecond)[results.length >> 1]!
}
