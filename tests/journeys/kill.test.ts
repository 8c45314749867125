import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, type Server } from '../../src/cli/server.ts'
import { type RunningServer, startServer } from '../support/server.ts'

/*
 * The promise: `kill -9` at any point loses nothing that was acknowledged, and the next start finishes or fails every
 * interrupted job, with a reason. A real server process is killed at random points of the whole loop (reading, training,
 * registering, staging, canary, serving, monitoring, triggering) while a client predicts and sends labels, and at the end
 * every fact the client was told is looked for.
 */

const KILLS = 50
const PATIENCE_MS = 5 * 60_000
const HOUR = 3_600_000
const START = Date.UTC(2024, 0, 1)
const HISTORY_HOURS = 60 * 24

const PROJECT = `
project: sturdy
data:
  readings:
    source: readings.csv
    label: on
    time: at
    label_arrives_after: 1h
pipeline:
  train:
    search: { trials: 2, learners: [logistic], half_life: [30d] }
environments:
  staging: { checks: [{ requests: 20 }] }
  production: { certify: auto }
deploy:
  switch:
    strategy: { canary: [50%, 100%], hold: 1d }
monitor: { every: 1d }
when:
  - { if: 'version.age > duration("2d")', run: pipeline, not_within: 2d }
`

/** The world: two readings decide, with noise, and slowly change their parts. Deterministic by the hour. */
function reading(hour: number): { at: string; warm: number; bright: number; on: 0 | 1 } {
  const noise = (salt: number) => createHash('sha256').update(`${hour}-${salt}`).digest().readUInt32BE() / 2 ** 32
  const warm = noise(1)
  const bright = noise(2)
  const part = 0.5 + 0.5 * Math.sin(hour / 2_000)
  return {
    at: new Date(START + hour * HOUR).toISOString(),
    warm,
    bright,
    on: part * warm + (1 - part) * bright + 0.3 * (noise(3) - 0.5) > 0.5 ? 1 : 0,
  }
}

/** Uniform in [0, 1), the same in every run: a failure can be looked at again. */
function seeded(seed: number): () => number {
  let i = 0
  return () => createHash('sha256').update(`${seed}-${i++}`).digest().readUInt32BE() / 2 ** 32
}

describe('a server that is killed again and again', () => {
  let folder: string
  let server: RunningServer
  let api: Server
  const answered = new Map<string, number>()
  const labelled = new Map<string, string>()

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-kill-'))
    const rows = Array.from({ length: HISTORY_HOURS }, (_, hour) => reading(hour))
    const csv = ['at,warm,bright,on', ...rows.map((row) => [row.at, row.warm, row.bright, row.on].join(','))].join('\n')
    await writeFile(join(folder, 'readings.csv'), `${csv}\n`)
    server = await startServer({ home: join(folder, 'home') })
    api = connect(server.url)
    await api.applyProject({ body: { file: PROJECT, folder } })
    await api.startPipeline({ params: { project: 'sturdy' }, body: {} })
  })
  afterAll(async () => {
    await server?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  /** Repeats a call until the server, perhaps the next one, answers it: what a client with retries does. */
  async function persistently<T>(call: (api: Server) => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await call(api)
      } catch (error) {
        const { status } = error as { status?: number }
        // 0: it was killed. 503: it is stopping, or its first model is not there yet.
        if (status !== 0 && status !== 503) throw error
        await sleep(20)
      }
    }
  }

  async function live(day: number): Promise<void> {
    const hours = Array.from({ length: 24 }, (_, h) => HISTORY_HOURS + day * 24 + h)
    const ids = hours.map((hour) => `r-${hour}`)
    const records = hours.map((hour) => {
      const { on: _, ...record } = reading(hour)
      return record
    })
    const { predictions } = await persistently((to) =>
      to.predict({ params: { endpoint: 'switch' }, body: { records, ids } }),
    )
    for (const { id, value } of predictions) answered.set(id, value)
    const labels = hours.map((hour) => ({ id: `r-${hour}`, label: String(reading(hour).on) }))
    await persistently((to) => to.feedback({ body: { labels } }))
    for (const { id, label } of labels) labelled.set(id, label)
  }

  it(
    `keeps everything it acknowledged over ${KILLS} kills`,
    async () => {
      // A first version serves before the first kill: a client that nobody can answer yet has nothing to lose.
      await expect
        .poll(async () => (await api.getEndpoint({ params: { endpoint: 'switch' } })).champion, {
          timeout: PATIENCE_MS,
        })
        .toBe(1)
      const random = seeded(20261120)
      let done = false
      let day = 0
      const client = (async () => {
        while (!done) {
          await live(day++)
          await sleep(30)
        }
      })()
      for (let kill = 0; kill < KILLS; kill++) {
        // From "hardly ready" to "well into a pipeline run"; now and then long enough for one to come to its end.
        await sleep(kill % 5 === 4 ? 7_000 : 50 + random() ** 2 * 3_000)
        await server.kill()
        server = await startServer({ home: join(folder, 'home') })
        api = connect(server.url)
      }
      // Left alone now, the loop goes on by itself: how many runs came through before says only how fast the machine is.
      await expect
        .poll(async () => (await listRuns()).filter((run) => run.state === 'succeeded').length, {
          timeout: PATIENCE_MS,
        })
        .toBeGreaterThan(3)
      done = true
      await client
      await expect
        .poll(async () => (await api.settled({ params: { project: 'sturdy' }, query: { timeout: 30 } })).settled, {
          timeout: PATIENCE_MS,
        })
        .toBe(true)

      expect(answered.size).toBeGreaterThan(KILLS)
      await expectPredictions()
      const succeeded = await expectRuns()
      await expectVersions(succeeded)
      await expectTables()
    },
    // A few minutes on two free cores; a loaded machine only makes it slower, not wrong.
    40 * 60_000,
  )

  async function expectPredictions(): Promise<void> {
    const logged = new Map<string, { value: number; truth: string | undefined }>()
    let cursor: string | undefined
    do {
      const page = await api.listPredictions({
        params: { endpoint: 'switch' },
        query: { limit: 500, ...(cursor && { cursor }) },
      })
      for (const { id, value, groundTruth } of page.predictions) {
        expect(logged.has(id), `${id} is logged once`).toBe(false)
        logged.set(id, { value, truth: groundTruth?.label })
      }
      cursor = page.next ?? undefined
    } while (cursor)
    for (const [id, value] of answered) expect(logged.get(id)?.value, `the answer of ${id}`).toBe(value)
    for (const [id, label] of labelled) expect(logged.get(id)?.truth, `the label of ${id}`).toBe(label)
  }

  const listRuns = async () =>
    (await api.listPipelineRuns({ params: { project: 'sturdy' }, query: { limit: 500 } })).runs

  /** @returns ids of the runs that succeeded */
  async function expectRuns(): Promise<string[]> {
    const runs = await listRuns()
    for (const run of runs) {
      expect(['succeeded', 'failed'], `run ${run.name} came to an end`).toContain(run.state)
      if (run.state === 'failed') expect(run.error?.code, `run ${run.name} says why`).toBe('ORRERY_JOB_INTERRUPTED')
    }
    const tracked = await api.listRuns({ query: { project: 'sturdy', limit: 500 } })
    for (const run of tracked.runs) expect(run.state, `tracked run ${run.name}`).not.toBe('running')
    return runs.filter((run) => run.state === 'succeeded').map((run) => run.id)
  }

  async function expectVersions(runs: readonly string[]): Promise<void> {
    const { versions } = await api.listVersions({ params: { model: 'switch' }, query: { limit: 500 } })
    expect(versions.map((version) => version.pipelineRun).sort(), 'one version for each run that succeeded').toEqual(
      [...runs].sort(),
    )
    expect(versions.map((version) => version.version)).toEqual(versions.map((_, i) => versions.length - i))
    for (const { version, package: onnx } of versions) {
      const response = await fetch(`${server.url}/api/models/switch/versions/${version}/package`)
      const hash = createHash('sha256')
        .update(Buffer.from(await response.arrayBuffer()))
        .digest('hex')
      expect(`sha256:${hash}`, `the package of v${version}`).toBe(onnx?.hash)
    }
    const endpoint = await api.getEndpoint({ params: { endpoint: 'switch' } })
    const champion = versions.find((version) => version.version === endpoint.champion)
    expect(champion?.certification, 'only a certified version serves').not.toBeNull()
    const { rollouts } = await api.listRollouts({ params: { endpoint: 'switch' }, query: { limit: 500 } })
    const open = rollouts.filter((rollout) => rollout.finishedAt === null)
    expect(open.length, 'at most one roll-out is under way').toBeLessThanOrEqual(1)
    const promoted = rollouts.filter((rollout) => rollout.state === 'promoted').map((rollout) => rollout.version)
    expect(promoted, 'the champion was promoted').toContain(endpoint.champion)
  }

  async function expectTables(): Promise<void> {
    await server.stop()
    const database = new DatabaseSync(join(folder, 'home', 'orrery.db'), { readOnly: true })
    expect(database.prepare('pragma integrity_check').get()).toEqual({ integrity_check: 'ok' })
    expect(database.prepare('select * from platform_undeliverable').all(), 'every event was handled').toEqual([])
    // Rows of the newest dataset version: the source's, and each labelled row that it took in exactly once.
    const newest = database
      .prepare(
        'select v.rows as rows, d.cursor as cursor from pipelines_data d join data_versions v on v.id = d.version order by d.created_at desc limit 1',
      )
      .get() as { rows: number; cursor: number }
    const taken = database
      .prepare('select count(*) as n from serving_ground_truth where endpoint = ? and seq <= ?')
      .get('switch', newest.cursor) as { n: number }
    expect(newest.rows).toBe(HISTORY_HOURS + taken.n)
    database.close()
  }
})
