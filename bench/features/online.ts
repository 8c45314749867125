/**
 * Six features of one entity through HTTP, here and in Feast's server, in turn over one kept connection each:
 * `node bench/features/online.ts --python <python with feast> [--requests 2000] [--rounds 3]`. First both must say the same.
 */
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Pool } from 'undici'
import { connect } from '../../src/cli/server.ts'
import { startServerProcess } from '../../src/cli/server-process.ts'
import { makeTables, VIEWS } from './tables.ts'
import { freePort } from '../../tests/support/free-port.ts'

const { values: options } = parseArgs({
  options: {
    python: { type: 'string' },
    requests: { type: 'string', default: '2000' },
    rounds: { type: 'string', default: '3' },
  },
})

const CUSTOMERS = 20_000
const TTL_DAYS = 3_650
/** Linux counts processor time in hundredths of a second. */
const TICKS = 100
/** While the other one is asked, a connection is given up before its server does so. */
const IDLE_MS = 1_000

interface Peer {
  readonly name: string
  readonly pid: number
  /** The six values of a customer. */
  ask(customer: number): Promise<(number | null)[]>
  stop(): Promise<void>
}

const views = Array.from({ length: VIEWS }, (_, v) => v)
const columns = views.flatMap((v) => [`v${v}_a`, `v${v}_b`])

async function startHere(folder: string): Promise<Peer> {
  await writeFile(join(folder, 'labels.csv'), `y\n${'0\n1\n'.repeat(20)}`)
  const sources = views.map((v) => `  view${v}: { source: view${v}.parquet }`)
  const declared = views.map(
    (v) =>
      `  view${v}: { from: view${v}, entities: [customer], time: event_timestamp, created: created, ttl: ${TTL_DAYS}d, columns: { v${v}_a: number, v${v}_b: number } }`,
  )
  const file = [
    'project: bench',
    'data:',
    '  labels: { source: labels.csv, label: y }',
    ...sources,
    'features:',
    ...declared,
  ]
  const server = await startServerProcess({ home: join(folder, 'home') })
  const api = connect(server.url)
  await api.applyProject({ body: { file: `${file.join('\n')}\n`, folder } })
  const { jobs } = await api.materializeFeatures({ body: { project: 'bench' } })
  for (const { job } of jobs)
    for (;;) {
      const { state, error } = await api.getFeaturesJob({ params: { job } })
      if (state === 'succeeded') break
      if (state === 'failed') throw new Error(error?.message)
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  const pool = new Pool(server.url, { connections: 1, keepAliveTimeout: IDLE_MS })
  return {
    ...{ name: 'Orrery', pid: server.pid },
    ask: async (customer) => {
      const reply = await post(pool, '/api/features/online', { project: 'bench', entities: [{ customer }] })
      const { values } = (reply as { rows: { values: Record<string, number | null> }[] }).rows[0]!
      return columns.map((column) => values[column] ?? null)
    },
    stop: async () => {
      await pool.destroy()
      await server.stop()
    },
  }
}

async function startFeast(folder: string): Promise<Peer> {
  const port = await freePort()
  const script = fileURLToPath(new URL('./feast_peer.py', import.meta.url))
  const args = [script, 'serve', folder, String(port), 'file', String(TTL_DAYS)]
  const child = spawn(options.python!, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: 1, keepAliveTimeout: IDLE_MS })
  const features = views.flatMap((v) => ['a', 'b'].map((name) => `view${v}:v${v}_${name}`))
  const ask = async (customer: number) => {
    const reply = await post(pool, '/get-online-features', { features, entities: { customer: [customer] } })
    const { metadata, results } = reply as {
      metadata: { feature_names: string[] }
      results: { values: (number | null)[] }[]
    }
    return columns.map((column) => results[metadata.feature_names.indexOf(column)]!.values[0] ?? null)
  }
  for (let tries = 0; ; tries++) {
    const ready = await ask(0).then(
      () => true,
      () => false,
    )
    if (ready) break
    if (tries > 600 || child.exitCode !== null) throw new Error('Feast’s server did not start.')
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  return {
    ...{ name: 'Feast', ask, pid: child.pid! },
    stop: async () => {
      await pool.destroy()
      child.kill('SIGKILL')
    },
  }
}

async function post(pool: Pool, path: string, body: unknown): Promise<unknown> {
  const headers = { 'content-type': 'application/json' }
  const reply = await pool.request({ method: 'POST', path, headers, body: JSON.stringify(body) })
  if (reply.statusCode !== 200) throw new Error(`${path}: ${reply.statusCode} ${await reply.body.text()}`)
  return reply.body.json()
}

/** Seconds of processor time of a process and of those it started: Feast's server answers in a process of its own. */
function cpuOf(pid: number): number {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const fields = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ')[1]!.split(' ')
        // Its own, and that of children which have ended.
        const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
        return [{ pid: Number(name), parent: Number(fields[1]), ticks }]
      } catch {
        return []
      }
    })
  const sum = (of: number): number =>
    processes
      .filter((one) => one.parent === of)
      .reduce((ticks, one) => ticks + sum(one.pid), processes.find((one) => one.pid === of)?.ticks ?? 0)
  return sum(pid) / TICKS
}

const at = (sorted: readonly number[], share: number) => sorted[Math.floor(share * (sorted.length - 1))]!

const folder = await mkdtemp(join(tmpdir(), 'orrery-bench-online-'))
const peers: Peer[] = []
try {
  await makeTables(folder, { entities: 1_000, rows: 500_000, customers: CUSTOMERS, moments: 31_536_000 })
  peers.push(await startHere(folder))
  if (options.python) peers.push(await startFeast(folder))
  let differ = 0
  for (let customer = 0; customer < 300; customer++) {
    const answers = await Promise.all(peers.map((peer) => peer.ask(customer)))
    if (JSON.stringify(answers[0]) !== JSON.stringify(answers.at(-1))) differ++
  }
  console.log(`300 entities asked of both: ${differ} differ`)
  const spent = peers.map(() => ({ times: [] as number[], cpu: 0 }))
  for (let round = 0; round < Number(options.rounds); round++)
    for (const [p, peer] of peers.entries()) {
      for (let i = 0; i < 200; i++) await peer.ask(i)
      const before = cpuOf(peer.pid)
      for (let i = 0; i < Number(options.requests); i++) {
        const began = performance.now()
        await peer.ask((i * 7919) % CUSTOMERS)
        spent[p]!.times.push(performance.now() - began)
      }
      spent[p]!.cpu += cpuOf(peer.pid) - before
    }
  const figures = spent.map(({ times, cpu }, p) => {
    const sorted = times.sort((a, b) => a - b)
    const each = (cpu * 1_000) / times.length
    console.log(
      `${peers[p]!.name.padEnd(7)} p50 ${at(sorted, 0.5).toFixed(2)} ms, p99 ${at(sorted, 0.99).toFixed(2)} ms, ${each.toFixed(2)} ms of CPU a request`,
    )
    return { p50: at(sorted, 0.5), each }
  })
  const [ours, theirs] = figures
  if (ours && theirs)
    console.log(`ratio: p50 ${(theirs.p50 / ours.p50).toFixed(1)}, CPU ${(theirs.each / ours.each).toFixed(1)}`)
} finally {
  for (const peer of peers) await peer.stop()
  await rm(folder, { recursive: true, force: true })
}
