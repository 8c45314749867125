import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSqlite, type Storage } from '#platform/storage'
import { openPredictionLog, type PredictionLog } from './log.ts'
import { servingMigrations } from './migrations.ts'
import { openReads } from './reads.ts'
import { silent } from './serving.fixture.ts'
import type { NewPrediction } from './store.ts'

const prediction = (id: string): NewPrediction => ({
  id,
  endpoint: 'retention',
  project: 'telecom',
  model: 'churn',
  version: 1,
  route: 'stable',
  eventTime: 1,
  receivedAt: 1,
  latencyUs: 1,
  inputs: '{}',
  value: 0.5,
  label: 'yes',
  probabilities: null,
  scores: '{"1":0.5}',
  weights: '{"1":1}',
})
const some = (from: number, count: number) => Array.from({ length: count }, (_, i) => prediction(`p${from + i}`))

describe('the prediction log', () => {
  let folder: string
  let storage: Storage
  /** What happens before a write reaches the database. */
  let hindrance: () => Promise<void>
  let log: PredictionLog | undefined

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-log-'))
    storage = await openSqlite({ file: join(folder, 'test.db'), durability: 'full' })
    await storage.migrate(servingMigrations)
    hindrance = async () => {}
  })
  afterEach(async () => {
    await log?.close()
    await storage.close()
    await rm(folder, { recursive: true })
  })

  function open(limits = { longestWaitMs: 60, mostWaiting: 100 }): PredictionLog {
    const hindered: Storage = {
      ...storage,
      write: async (work) => {
        await hindrance()
        return storage.write(work)
      },
    }
    log = openPredictionLog({
      storage: hindered,
      log: silent,
      limits,
      refuseLabel: () => undefined,
      onLogged: () => {},
    })
    return log
  }
  const logged = async () => (await openReads(storage).counts('retention')).predictions

  it('resolves when the records can be read', async () => {
    open({ longestWaitMs: 30_000, mostWaiting: 100 })
    await log!.append(some(0, 70))
    expect(await logged()).toBe(70)
    expect(log!.waits('p3')).toBe(false)
  })

  it('writes what comes at once in few transactions', async () => {
    let writes = 0
    hindrance = async () => void writes++
    open({ longestWaitMs: 30_000, mostWaiting: 10_000 })
    await Promise.all(Array.from({ length: 500 }, (_, i) => log!.append(some(i, 1))))
    expect(await logged()).toBe(500)
    expect(writes).toBeLessThan(5)
  })

  it('lets an answer go after the longest wait, later ones at once, and writes them all in the end', async () => {
    const { promise: healed, resolve: heal } = Promise.withResolvers<void>()
    hindrance = () => healed
    open()
    const started = performance.now()
    await log!.append(some(0, 1))
    expect(performance.now() - started).toBeGreaterThan(50)
    expect(performance.now() - started).toBeLessThan(1_000)
    const behind = performance.now()
    for (let i = 1; i <= 20; i++) await log!.append(some(i, 1))
    expect(performance.now() - behind).toBeLessThan(50)
    expect(await log!.waiting(['p20', 'nobody'])).toMatchObject([{ id: 'p20' }])
    expect(log!.pending()).toBe(21)
    heal()
    await log!.close()
    expect(await logged()).toBe(21)
    expect(log!.pending()).toBe(0)
    expect(log!.dropped('retention')).toBe(0)
  })

  it('waits for the disk again once it is no longer behind', async () => {
    let slow = true
    hindrance = () => sleep(slow ? 150 : 0)
    open()
    await log!.append(some(0, 1))
    expect(log!.waits('p0')).toBe(true)
    slow = false
    while (log!.waits('p0')) await sleep(10)
    // Not at once, as it was while behind: this one is written when its append returns, or took its full wait.
    const started = performance.now()
    await log!.append(some(1, 1))
    expect(!log!.waits('p1') || performance.now() - started > 50).toBe(true)
  })

  it('drops and counts what does not fit its queue, and fails nothing', async () => {
    const { promise: healed, resolve: heal } = Promise.withResolvers<void>()
    hindrance = () => healed
    open()
    const first = log!.append(some(0, 90))
    await log!.append(some(90, 20))
    expect(log!.dropped('retention')).toBe(20)
    heal()
    await first
    while (log!.waits('p0')) await sleep(10)
    await log!.append(some(110, 20))
    await log!.close()
    expect(await logged()).toBe(110)
    expect(log!.dropped('retention')).toBe(20)
  })

  it('tries again when the database refuses, and gives up on the record, not on the answer', async () => {
    let refusals = 2
    hindrance = async () => {
      if (refusals-- > 0) throw new Error('database is locked')
    }
    open()
    await log!.append(some(0, 5))
    while (log!.waits('p0')) await sleep(20)
    expect(await logged()).toBe(5)

    refusals = Number.POSITIVE_INFINITY
    await log!.append(some(5, 3))
    while (log!.waits('p5')) await sleep(50)
    expect(log!.dropped('retention')).toBe(3)
    refusals = 0
    await log!.append(some(8, 1))
    await log!.close()
    expect(await logged()).toBe(6)
  })

  it('takes nothing after its close, and counts that as dropped', async () => {
    open()
    await log!.close()
    await log!.append(some(0, 2))
    expect(log!.dropped('retention')).toBe(2)
    expect(await logged()).toBe(0)
  })
})
