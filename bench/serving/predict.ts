/**
 * Requests per second, latency and CPU of `POST /predict` with one row of 20 numbers on 200 trees, every answer logged
 * and durable, next to an empty `node:http` server that only reads and parses the same request. Alternated in one run.
 *
 *     node bench/serving/predict.ts [seconds per cell, default 2] [rounds, default 3]
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import type { Load, LoadResult } from '../load.ts'
import { FEATURES } from './model.ts'

const seconds = Number(process.argv[2] ?? 2)
const rounds = Number(process.argv[3] ?? 3)
const here = import.meta.dirname
const body = JSON.stringify({ records: [Object.fromEntries(FEATURES.map((name, f) => [name, (f + 1) / 21]))] })

interface Cell extends LoadResult {
  /** Of the server, user and system, all its threads. */
  readonly cpuMicrosPerRequest: number
}

const client = fork(`${here}/../load.ts`)
const servers = { empty: await startServer('empty'), orrery: await startServer('orrery') }
type Name = keyof typeof servers

// Warm: the first thousands of requests measure the compiler.
for (const name of ['empty', 'orrery'] as const) await measure(name, 64, 3)
const cells = new Map<string, Cell[]>()
for (let round = 0; round < rounds; round++)
  for (const connections of [1, 8, 64])
    for (const name of ['empty', 'orrery'] as const) {
      const key = `${name} ${connections}`
      cells.set(key, [...(cells.get(key) ?? []), await measure(name, connections, seconds)])
    }

console.log(`${availableParallelism()} cores, ${rounds} rounds of ${seconds} s per cell, medians`)
console.log('server  conn      req/s    p50 ms    p99 ms   CPU µs   failed   share of empty')
for (const connections of [1, 8, 64])
  for (const name of ['empty', 'orrery'] as const) {
    const cell = medianOf(cells.get(`${name} ${connections}`)!)
    const share = cell.perSecond / medianOf(cells.get(`empty ${connections}`)!).perSecond
    console.log(
      [
        name.padEnd(7),
        String(connections).padStart(4),
        cell.perSecond.toFixed(0).padStart(10),
        cell.p50Ms.toFixed(2).padStart(9),
        cell.p99Ms.toFixed(2).padStart(9),
        cell.cpuMicrosPerRequest.toFixed(1).padStart(8),
        String(cell.failed).padStart(8),
        `${(100 * share).toFixed(0)} %`.padStart(10),
      ].join(' '),
    )
  }
client.disconnect()
for (const { process: child } of Object.values(servers)) child.disconnect()

async function startServer(kind: string): Promise<{ process: ChildProcess; port: number }> {
  const child = fork(`${here}/server.ts`, [kind])
  const [{ port }] = (await once(child, 'message')) as [{ port: number }]
  return { process: child, port }
}

async function cpuOf(name: Name): Promise<number> {
  const { process: child } = servers[name]
  child.send('cpu')
  const [{ cpu }] = (await once(child, 'message')) as [{ cpu: NodeJS.CpuUsage }]
  return cpu.user + cpu.system
}

async function measure(name: Name, connections: number, time: number): Promise<Cell> {
  const before = await cpuOf(name)
  const load: Load = { port: servers[name].port, path: '/predict/bench', body, connections, seconds: time }
  client.send(load)
  const [result] = (await once(client, 'message')) as [LoadResult]
  return { ...result, cpuMicrosPerRequest: ((await cpuOf(name)) - before) / result.requests }
}

function medianOf(results: readonly Cell[]): Cell {
  return [...results].sort((a, b) => a.perSecond - b.perSecond)[results.length >> 1]!
}
