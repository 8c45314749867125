/**
 * Claim: tracking feels instant. The same requests to a real `mlflow server` and to us, in turn, on the same machine.
 *
 *     node bench/tracking/run.ts [--seconds 4] [--rounds 3] [--runs 1500] [--million <home made by fill.ts>]
 *         [--mlflow <its command, default mlflow>]
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Load, LoadResult } from '../load.ts'
import { measureTransfers } from './artifacts.ts'
import { ask, createExperiment, createRun, fillRuns, wholeRun } from './client.ts'
import { SEARCH } from './filled-run.ts'
import { type Peer, startMlflow, startOrrery } from './servers.ts'
import { type Figure, median, printTable } from './table.ts'

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '3' },
    runs: { type: 'string', default: '1500' },
    million: { type: 'string' },
    mlflow: { type: 'string', default: 'mlflow' },
  },
})
const seconds = Number(flags.seconds)
const rounds = Number(flags.rounds)

const folder = await mkdtemp(join(tmpdir(), 'orrery-bench-tracking-'))
const load = fork(join(import.meta.dirname, '../load.ts'))
const figures: Figure[] = []
const say = (text: string) => console.error(text)

await mkdir(join(folder, 'mlflow'))
say('starting the servers')
const peers: Peer[] = [
  await startMlflow(join(folder, 'mlflow'), flags.mlflow),
  await startOrrery(join(folder, 'full'), 'full'),
  await startOrrery(join(folder, 'process'), 'process'),
]

try {
  for (const peer of peers) record('at rest', peer, { processes: peer.processes(), memoryMiB: peer.memoryMiB() })

  const runOf = new Map<Peer, string>()
  for (const peer of peers) runOf.set(peer, await createRun(peer.url, await createExperiment(peer.url, 'hot')))
  // The first thousands of requests measure the compiler.
  for (const peer of peers) await applyLoad(peer, 64, 2)
  for (const connections of [8, 64])
    await inTurn(`log-metric, ${connections} connections`, (peer) => applyLoad(peer, connections, seconds))

  const experimentOf = new Map<Peer, string>()
  for (const peer of peers) experimentOf.set(peer, await createExperiment(peer.url, 'whole runs'))
  await inTurn('create + 10 params + 100 metrics + finish', (peer) =>
    repeated(peer, peer.name === 'mlflow' ? 20 : 300, () => wholeRun(peer.url, experimentOf.get(peer)!)),
  )

  let step = 0
  await inTurn('log-batch of 1,000 metrics', (peer) =>
    repeated(peer, peer.name === 'mlflow' ? 5 : 60, async () => {
      const from = step
      step += 1_000
      const metrics = Array.from({ length: 1_000 }, (_, i) => ({
        ...{ key: `m${i % 10}`, value: i / 7, timestamp: 1_700_000_000_000 + from + i, step: from + i },
      }))
      await ask(peer.url, 'runs/log-batch', { run_id: runOf.get(peer)!, metrics })
    }),
  )

  for (const peer of peers) {
    say(`${peer.name}: ${flags.runs} runs to search`)
    experimentOf.set(peer, await fillRuns(peer.url, Number(flags.runs)))
  }
  await inTurn(`search of ${flags.runs} runs, pages of 100`, (peer) =>
    repeated(peer, peer.name === 'mlflow' ? 20 : 200, () =>
      ask(peer.url, 'runs/search', { experiment_ids: [experimentOf.get(peer)!], ...SEARCH }),
    ),
  )

  for (const peer of peers) {
    const run = await createRun(peer.url, experimentOf.get(peer)!)
    runOf.set(peer, run)
    for (let from = 0; from < 20_000; from += 1_000)
      await ask(peer.url, 'runs/log-batch', {
        run_id: run,
        metrics: Array.from({ length: 1_000 }, (_, i) => ({
          ...{ key: 'long', value: Math.sin(from + i), timestamp: 1_700_000_000_000 + from + i, step: from + i },
        })),
      })
  }
  await inTurn('history of 20,000 points', (peer) =>
    repeated(peer, peer.name === 'mlflow' ? 5 : 20, () =>
      ask(peer.url, `metrics/get-history?run_id=${runOf.get(peer)}&metric_key=long`),
    ),
  )

  await inTurn('200 MB artifact', (peer) => measureTransfers(peer, experimentOf.get(peer)!, runOf.get(peer)!))
  if (flags.million) await searchMillion(flags.million)
} finally {
  load.disconnect()
  for (const peer of peers) await peer.stop()
  await rm(folder, { recursive: true, force: true })
}
console.log(`${availableParallelism()} cores, ${rounds} rounds in turn, medians; CPU of all processes of a server\n`)
printTable(figures)

/** Each server does the work once a round; the medians over the rounds are kept. */
async function inTurn(work: string, measure: (peer: Peer) => Promise<Figure['values']>): Promise<void> {
  say(work)
  const seen = new Map<Peer, Figure['values'][]>(peers.map((peer) => [peer, []]))
  for (let round = 0; round < rounds; round++) for (const peer of peers) seen.get(peer)!.push(await measure(peer))
  for (const peer of peers) {
    const all = seen.get(peer)!
    record(
      work,
      peer,
      Object.fromEntries(Object.keys(all[0]!).map((key) => [key, median(all.map((one) => one[key]!))])),
    )
  }
}

function record(work: string, peer: Peer, values: Figure['values']): void {
  figures.push({ work, server: peer.name, values })
}

async function applyLoad(peer: Peer, connections: number, time: number): Promise<Figure['values']> {
  const run = await createRun(peer.url, '0')
  const request: Load = {
    port: Number(new URL(peer.url).port),
    path: '/api/2.0/mlflow/runs/log-metric',
    // A step of its own each time: a point that is there already would be no work.
    body: JSON.stringify({ run_id: run, key: 'loss', value: 0.5, timestamp: 1_700_000_000_000, step: 'STEP' }).replace(
      '"STEP"',
      '{{i}}',
    ),
    ...{ connections, seconds: time },
  }
  const before = peer.cpuMs()
  load.send(request)
  const [{ perSecond, p50Ms, p99Ms, requests, failed }] = (await once(load, 'message')) as [LoadResult]
  return { perSecond, p50Ms, p99Ms, cpuMs: (peer.cpuMs() - before) / requests, failed }
}

/** One after the other over one connection. */
async function repeated(peer: Peer, times: number, work: () => Promise<unknown>): Promise<Figure['values']> {
  for (let i = 0; i < Math.ceil(times / 10); i++) await work()
  const latencies: number[] = []
  const before = peer.cpuMs()
  const began = performance.now()
  for (let i = 0; i < times; i++) {
    const start = performance.now()
    await work()
    latencies.push(performance.now() - start)
  }
  latencies.sort((a, b) => a - b)
  const at = (share: number) => latencies[Math.min(times - 1, Math.floor(share * times))]!
  return {
    perSecond: (1000 * times) / (performance.now() - began),
    ...{ p50Ms: at(0.5), p95Ms: at(0.95), cpuMs: (peer.cpuMs() - before) / times },
  }
}

async function searchMillion(home: string): Promise<void> {
  const peer = await startOrrery(home, 'full')
  try {
    const { experiment } = await ask(peer.url, 'experiments/get-by-name?experiment_name=searched')
    const id = (experiment as { experiment_id: string }).experiment_id
    say('search of 1,000,000 runs')
    record(
      'search of 1,000,000 runs, pages of 100',
      peer,
      await repeated(peer, 200, () => ask(peer.url, 'runs/search', { experiment_ids: [id], ...SEARCH })),
    )
  } finally {
    await peer.stop()
  }
}
