import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, type Server } from '../../src/cli/server.ts'
import { type RunningServer, startServer } from '../support/server.ts'
import { readings } from '../ui/project.ts'

/* Every strategy but the canary, whose journey has its own kills: the server dies in the middle of a step, and the next one goes on. */

const PATIENCE = 4 * 60_000
const fileWith = (strategy: string) => `project: lamps
data:
  readings: { source: readings.csv, label: fails, positive: "yes", time: at }
pipeline:
  train: { search: { trials: 2, learners: [logistic], half_life: [all] } }
gates: []
environments:
  staging: { checks: [{ requests: 20 }] }
  production: {}
deploy:
  lamps: { strategy: ${strategy} }
when: []
`

describe('a roll-out whose server is killed in the middle of a step', () => {
  let folder: string
  let server: RunningServer
  let api: Server
  let row = 1200
  const rows = readings(3000)

  async function start() {
    server = await startServer({ home: join(folder, 'home') })
    api = connect(server.url)
  }
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-killed-rollout-'))
    const columns = Object.keys(rows[0]!) as (keyof (typeof rows)[0])[]
    const known = rows.slice(0, 1200)
    const lines = [columns, ...known.map((one) => columns.map((column) => one[column]))].map((cells) => cells.join(','))
    await writeFile(join(folder, 'readings.csv'), `${lines.join('\n')}\n`)
    await start()
  }, PATIENCE)
  afterAll(async () => {
    await server?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  /** Applies the strategy and trains a version, which sets out by it. */
  async function release(strategy: string): Promise<void> {
    await api.applyProject({ body: { file: fileWith(strategy), folder } })
    const { id } = await api.startPipeline({ params: { project: 'lamps' }, body: {} })
    const ended = async () => (await api.getPipelineRun({ params: { run: id } })).finishedAt
    await expect.poll(ended, { timeout: PATIENCE, interval: 200 }).not.toBeNull()
  }
  const endpoint = () => api.getEndpoint({ params: { endpoint: 'lamps' } })
  const champion = async () => (await endpoint()).champion
  const rollout = async () =>
    (await api.listRollouts({ params: { endpoint: 'lamps' }, query: { limit: 1 } })).rollouts[0]!
  const state = async () => (await rollout()).state
  async function ask(count: number) {
    const { fails: _, ...record } = rows[row++]!
    const records = Array.from({ length: count }, () => record)
    return (await api.predict({ params: { endpoint: 'lamps' }, body: { records } })).predictions
  }
  async function killed() {
    const before = await rollout()
    await server.kill()
    await start()
    return { before, after: await rollout() }
  }

  it(
    'blue/green: the switch stands, the old version is ready, and it is over when its time is',
    async () => {
      await release('{ rolling: true }')
      await expect.poll(champion, { timeout: PATIENCE, interval: 200 }).toBe(1)
      await release('{ blue_green: true, clock: 20s }')
      await expect.poll(state, { timeout: PATIENCE, interval: 100 }).toBe('baking')
      const { before, after } = await killed()
      expect(after).toMatchObject({ id: before.id, state: 'baking', share: 1, began: before.began })
      expect(new Set((await ask(40)).map(({ version }) => version))).toEqual(new Set([2]))
      expect(await champion()).toBe(1)
      await expect.poll(state, { timeout: 60_000, interval: 200 }).toBe('promoted')
      expect(await champion()).toBe(2)
    },
    PATIENCE,
  )

  it(
    'rolling: it goes on from the part it had come to, and no part is gone back',
    async () => {
      await release('{ rolling: { parts: 4, every: 6s } }')
      await expect.poll(async () => (await rollout()).share, { timeout: PATIENCE, interval: 100 }).toBeGreaterThan(0)
      await expect.poll(async () => (await rollout()).share, { timeout: 60_000, interval: 100 }).toBeGreaterThan(0.25)
      const { before, after } = await killed()
      expect(after.share).toBeGreaterThanOrEqual(before.share)
      expect(new Set((await ask(200)).map(({ version }) => version))).toEqual(new Set([2, 3]))
      await expect.poll(state, { timeout: 60_000, interval: 200 }).toBe('promoted')
      const shares = (await rollout()).history.map(({ share }) => share)
      expect(shares).toEqual(shares.toSorted((a, b) => a - b))
      expect(await champion()).toBe(3)
    },
    PATIENCE,
  )

  it(
    'shadow: what it has seen before counts, and it answers nobody until it is promoted',
    async () => {
      await release('{ shadow: true, requests: 100 }')
      await expect.poll(state, { timeout: PATIENCE, interval: 100 }).toBe('shadow')
      // The shadow is loaded beside the champion, and may be a moment behind the decision.
      const scores = async () =>
        Object.keys((await api.getPrediction({ params: { id: (await ask(1))[0]!.id } })).scores)
      await expect.poll(scores, { timeout: 30_000, interval: 200 }).toContain('4')
      const first = await ask(30)
      expect(new Set(first.map(({ version }) => version))).toEqual(new Set([3]))
      const { after } = await killed()
      expect(after.state).toBe('shadow')
      expect(new Set((await ask(70)).map(({ version }) => version))).toEqual(new Set([3]))
      await expect.poll(state, { timeout: 60_000, interval: 200 }).toBe('promoted')
      expect(await champion()).toBe(4)
    },
    PATIENCE,
  )

  it(
    'A/B: everybody keeps the arm they had, and a person may end it',
    async () => {
      await release('{ ab: { share: 50%, by: { column: hall }, min_effect: 0.05 } }')
      await expect.poll(state, { timeout: PATIENCE, interval: 100 }).toBe('ab')
      const arms = async () => {
        const records = Array.from({ length: 60 }, (_, i) => {
          const { fails: __, ...record } = rows[1300]!
          return { ...record, hall: `hall ${i}` }
        })
        const { predictions } = await api.predict({ params: { endpoint: 'lamps' }, body: { records } })
        return predictions.map(({ version }) => version)
      }
      await expect.poll(async () => new Set(await arms()), { timeout: 30_000, interval: 200 }).toEqual(new Set([4, 5]))
      const before = await arms()
      const { after } = await killed()
      expect(after).toMatchObject({ state: 'ab', experiment: { by: { column: 'hall' } } })
      expect(await arms()).toEqual(before)
      await api.steerRollout({ params: { endpoint: 'lamps' }, body: { action: 'abort', reason: 'seen enough' } })
      expect(new Set(await arms())).toEqual(new Set([4]))
    },
    PATIENCE,
  )
})
