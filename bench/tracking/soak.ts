/**
 * Claim: 64 clients for ten minutes, no error, no lost point, memory flat.
 *
 *     node bench/tracking/soak.ts [--minutes 10] [--clients 64]
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Agent, setGlobalDispatcher } from 'undici'
import { ask, createExperiment, createRun } from './client.ts'
import { startOrrery } from './servers.ts'

const { values: flags } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, clients: { type: 'string', default: '64' } },
})
const clients = Number(flags.clients)
const runsMs = Number(flags.minutes) * 60_000
setGlobalDispatcher(new Agent({ connections: clients }))

/** What a client does in turn: mostly single points, now and then a batch and a look at its own run. */
const BATCH_EVERY = 50
const BATCH = 200
const READ_EVERY = 400

const folder = await mkdtemp(join(tmpdir(), 'orrery-soak-'))
const server = await startOrrery(folder, 'full')
let requests = 0
const failures: string[] = []
const began = Date.now()
const memory: number[] = []
const watch = setInterval(() => {
  memory.push(server.memoryMiB())
  console.error(
    `${Math.round((Date.now() - began) / 1000)} s · ${requests} requests · ${memory.at(-1)!.toFixed(0)} MiB`,
  )
}, 15_000)

try {
  const experiment = await createExperiment(server.url, 'soak')
  const acknowledged = await Promise.all(Array.from({ length: clients }, () => train(experiment)))
  clearInterval(watch)
  let lost = 0
  for (const { run, points } of acknowledged) {
    const { metrics } = await ask(server.url, `metrics/get-history?run_id=${run}&metric_key=loss`)
    const steps = new Set((metrics as { step: number }[]).map(({ step }) => step))
    for (let step = 0; step < points; step++) if (!steps.has(step)) lost++
  }
  const seconds = (Date.now() - began) / 1000
  const points = acknowledged.reduce((sum, one) => sum + one.points, 0)
  console.log(`${clients} clients, ${Math.round(seconds)} s: ${requests} requests, ${points} points`)
  console.log(`${failures.length} failed, ${lost} points lost`)
  const [early, late] = [memory[Math.floor(memory.length / 5)], memory.at(-1)]
  console.log(`memory after a fifth of the time ${early?.toFixed(0)} MiB, at the end ${late?.toFixed(0)} MiB`)
  for (const failure of failures.slice(0, 5)) console.log(failure)
  process.exitCode = failures.length + lost > 0 ? 1 : 0
} finally {
  clearInterval(watch)
  await server.stop()
  await rm(folder, { recursive: true, force: true })
}

/** One training that logs until the time is over. @returns how many points were acknowledged */
async function train(experiment: string): Promise<{ run: string; points: number }> {
  const run = await createRun(server.url, experiment)
  let points = 0
  for (let turn = 0; Date.now() - began < runsMs; turn++) {
    try {
      if (turn % READ_EVERY === READ_EVERY - 1) await ask(server.url, `runs/get?run_id=${run}`)
      else if (turn % BATCH_EVERY === BATCH_EVERY - 1) {
        const metrics = Array.from({ length: BATCH }, (_, i) => pointAt(points + i))
        await ask(server.url, 'runs/log-batch', { run_id: run, metrics })
        points += BATCH
      } else {
        await ask(server.url, 'runs/log-metric', { run_id: run, ...pointAt(points) })
        points++
      }
    } catch (error) {
      failures.push(String(error))
    }
    requests++
  }
  return { run, points }
}

function pointAt(step: number) {
  return { key: 'loss', value: Math.exp(-step / 1e4), timestamp: 1_700_000_000_000 + step, step }
}
