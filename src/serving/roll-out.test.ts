import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openSqlite, type Storage } from '#platform/storage'
import { systemClock } from '#platform/time'
import { exportOnnx, fitModel } from '#trainer'
import { servingMigrations } from './migrations.ts'
import {
  alone,
  customers,
  PATIENT,
  silent,
  type TestEndpoints,
  type TestPackage,
  testEndpoints,
  trainPackage,
} from './serving.fixture.ts'
import { openServing, type Serving } from './serving.ts'

const RECORD = { tenure: 3, charges: 80, plan: 'monthly' }

describe('a change of traffic', () => {
  const packages: Record<number, TestPackage> = {}
  let folder: string
  let storage: Storage
  let endpoints: TestEndpoints
  let serving: Serving

  beforeAll(() => {
    for (let version = 1; version <= 9; version++) packages[version] = trainPackage(version)
  })
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-roll-out-'))
    storage = await openSqlite({ file: join(folder, 'test.db'), durability: 'process' })
    await storage.migrate(servingMigrations)
    endpoints = testEndpoints(packages)
    serving = openServing({ storage, clock: systemClock, log: silent, endpoints, limits: PATIENT })
  })
  afterEach(async () => {
    await serving.close()
    await storage.close()
    await rm(folder, { recursive: true })
  })

  const ask = async () => (await serving.predict({ endpoint: 'retention', records: [RECORD] })).predictions[0]!

  it('loses no request while versions come, mix, and leave memory', async () => {
    endpoints.set('retention', { stable: alone(1), reference: 1 })
    await ask()
    let running = true
    const seen = new Set<number>()
    const callers = Array.from({ length: 16 }, async () => {
      let answered = 0
      for (; running; answered++) seen.add((await ask()).version)
      return answered
    })
    for (let version = 2; version <= 9; version++) {
      const stable = alone(version - 1)
      endpoints.set('retention', { stable, canary: { version, share: 0.5, answer: alone(version) }, reference: 1 })
      await serving.warm('retention')
      await sleep(20)
      endpoints.set('retention', { stable: alone(version), kept: [version - 1], reference: 1 })
      await serving.warm('retention')
    }
    running = false
    const answered = (await Promise.all(callers)).reduce((sum, n) => sum + n, 0)
    expect([...seen].sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
    const { failed, versions } = serving.status('retention')
    expect(failed).toBe(0)
    expect(versions.every((version) => version.failed === 0)).toBe(true)
    expect((await serving.reads.counts('retention')).predictions).toBe(answered + 1)
    // Each package was read once: nothing that was held was thrown out.
    expect([...endpoints.reads.values()].every((times) => times === 1)).toBe(true)
  })

  it('is in force with the next request after `warm`, and rolls back to a kept version without loading it', async () => {
    endpoints.set('retention', { stable: alone(1) })
    await ask()
    endpoints.set('retention', { stable: alone(2), kept: [1] })
    await serving.warm('retention')
    expect((await ask()).version).toBe(2)
    endpoints.set('retention', { stable: alone(1), kept: [2] })
    const started = performance.now()
    while ((await ask()).version !== 1) await sleep(1)
    expect(performance.now() - started).toBeLessThan(1_000)
    expect(endpoints.reads.get('churn@1')).toBe(1)
  })

  it('loads more versions at once than are kept in reserve', async () => {
    endpoints.set('retention', { stable: [1, 2, 3, 4, 5, 6, 7, 8].map((version) => ({ version, weight: 1 / 8 })) })
    expect((await ask()).version).toBe(8)
    expect(Object.keys((await serving.reads.list('retention', { limit: 1 }))[0]!.scores)).toHaveLength(8)
  })

  it('keeps the old version answering when the new one is broken', async () => {
    endpoints.set('retention', { stable: alone(1) })
    await ask()
    endpoints.packages.set('churn@2', { ...packages[2]!, bytes: packages[2]!.bytes.subarray(0, 500) })
    endpoints.set('retention', { stable: alone(2) })
    await expect(serving.warm('retention')).rejects.toMatchObject({ code: 'ORRERY_RUNTIME_MODEL_BROKEN' })
    expect((await ask()).version).toBe(1)
  })

  it('gives a broken canary nothing, and a broken reference does not matter', async () => {
    endpoints.packages.set('churn@2', { ...packages[2]!, bytes: Buffer.from('broken') })
    endpoints.set('retention', {
      stable: alone(1),
      canary: { version: 2, share: 1, answer: alone(2) },
      reference: 2,
      kept: [2],
    })
    await expect(serving.warm('retention')).rejects.toMatchObject({ code: 'ORRERY_RUNTIME_MODEL_BROKEN' })
    expect((await ask()).version).toBe(1)
    expect(serving.problems()).toEqual([])
  })

  it('refuses a version that answers another question beside the champion', async () => {
    endpoints.packages.set('churn@2', trainPackage(2, 'regression'))
    endpoints.set('retention', { stable: alone(1), canary: { version: 2, share: 1, answer: alone(2) } })
    await expect(serving.warm('retention')).rejects.toMatchObject({
      code: 'ORRERY_RUNTIME_MODEL_BROKEN',
      message: expect.stringContaining('answers regression, beside churn@1'),
    })
    expect((await ask()).version).toBe(1)
  })

  it('lets the stable versions answer what a canary with other features cannot take, and counts that against it', async () => {
    const wider = packages[2]!
    const { frame, yes } = customers(300, 5)
    const age = { name: 'age', kind: 'numeric' as const, values: Float64Array.from(yes, (_, r) => r % 50) }
    const model = fitModel(
      { task: 'binary', classes: ['no', 'yes'] },
      { learner: 'logistic' },
      { frame: { rows: frame.rows, columns: [...frame.columns, age] }, target: yes },
    )
    endpoints.packages.set('churn@2', {
      bytes: exportOnnx(model),
      signature: {
        ...wider.signature,
        features: [...wider.signature.features, { name: 'age', kind: 'numeric' }],
      },
    })
    endpoints.set('retention', { stable: alone(1), canary: { version: 2, share: 1, answer: alone(2) } })
    await serving.warm('retention')
    expect((await ask()).version).toBe(1)
    const { predictions } = await serving.predict({ endpoint: 'retention', records: [{ ...RECORD, age: 30 }] })
    expect(predictions[0]!.version).toBe(2)
    const both = await Promise.all([
      ask(),
      serving.predict({ endpoint: 'retention', records: [{ ...RECORD, age: 3 }] }),
    ])
    expect([both[0].version, both[1].predictions[0]!.version]).toEqual([1, 2])
    const { versions, failed } = serving.status('retention')
    expect(failed).toBe(0)
    expect(versions.map((one) => [one.version, one.served, one.failed])).toEqual([
      [2, 2, 2],
      [1, 2, 0],
    ])
  })

  it('says what is missing: no such endpoint, no version yet, a broken first version', async () => {
    endpoints.set('retention', {})
    await expect(serving.predict({ endpoint: 'retension', records: [RECORD] })).rejects.toMatchObject({
      code: 'ORRERY_SERVING_ENDPOINT_UNKNOWN',
      status: 404,
      hint: expect.stringContaining('retention'),
    })
    await expect(ask()).rejects.toMatchObject({
      code: 'ORRERY_SERVING_ENDPOINT_NOT_READY',
      status: 503,
      message: expect.stringContaining('no version is deployed to it yet'),
    })
    endpoints.packages.set('churn@1', { ...packages[1]!, bytes: new Uint8Array(0) })
    endpoints.set('retention', { stable: alone(1) })
    await expect(ask()).rejects.toMatchObject({ code: 'ORRERY_SERVING_ENDPOINT_NOT_READY', status: 503 })
    expect(serving.problems()).toEqual([{ endpoint: 'retention', problem: expect.stringContaining('churn@1') }])
    // A broken package is not loaded again for every request.
    for (let i = 0; i < 20; i++) await ask().catch(() => {})
    expect(endpoints.reads.get('churn@1')).toBeLessThan(4)

    endpoints.packages.set('churn@1', packages[1]!)
    await serving.warm('retention')
    expect((await ask()).version).toBe(1)
    endpoints.remove('retention')
    await sleep(10)
    await expect(ask()).rejects.toMatchObject({ code: 'ORRERY_SERVING_ENDPOINT_UNKNOWN' })
  })
})
