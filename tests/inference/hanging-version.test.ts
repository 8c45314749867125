import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSqlite, type Storage } from '#platform/storage'
import { systemClock } from '#platform/time'
import { openServing, type Serving, servingMigrations } from '#serving'
import { floats, node, onnxFile, truth, value, whole } from '../../src/runtime/onnx.fixture.ts'
import { newJournal, PATIENT, silent, type TestEndpoints, testEndpoints } from '../../src/serving/serving.fixture.ts'

const signature = {
  task: 'regression' as const,
  classes: [],
  label: 'y',
  features: [{ name: 'x', kind: 'numeric' as const, required: true }],
  graph: { inputs: [{ name: 'x', type: 'float32' as const, features: ['x'] }], output: 'y' },
}

const quick = onnxFile({
  node: [node('Identity', ['x'], ['y'])],
  input: [value('x', 'FP32', ['n', 1])],
  output: [value('y', 'FP32', ['n', 1])],
})

/** Counts to the sum of what it is asked: a large number holds it up for good. */
const slow = onnxFile({
  node: [
    node('ReduceSum', ['x', 'axes'], ['sum'], { keepdims: { i: 0 } }),
    node('Cast', ['sum'], ['times'], { to: { i: 7 } }),
    node('Loop', ['times', 'go on', 'zero'], ['counted'], {
      body: {
        g: {
          node: [node('Identity', ['c'], ['c out']), node('Add', ['v', 'one'], ['v out'])],
          input: [value('i', 'INT64', []), value('c', 'BOOL', []), value('v', 'FP32', [1])],
          output: [value('c out', 'BOOL', []), value('v out', 'FP32', [1])],
          initializer: [floats('one', [1], [1])],
        },
      },
    }),
    node('Mul', ['x', 'zero'], ['zeros']),
    node('Add', ['zeros', 'counted'], ['y']),
  ],
  input: [value('x', 'FP32', ['n', 1])],
  output: [value('y', 'FP32', ['n', 1])],
  initializer: [truth('go on', true), floats('zero', [1], [0]), whole('axes', [2], [0, 1])],
})

const FOR_GOOD = 1e12
const RUN_MS = 4_000

describe.each(['in a journal', 'in the table'])('a version that hangs, logged %s', (where) => {
  let folder: string
  let storage: Storage
  let endpoints: TestEndpoints
  let serving: Serving

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-hanging-'))
    storage = await openSqlite({ file: join(folder, 'test.db'), durability: 'process' })
    await storage.migrate(servingMigrations)
    endpoints = testEndpoints({ 1: { bytes: quick, signature }, 2: { bytes: slow, signature } })
    serving = openServing({
      ...{ storage, clock: systemClock, log: silent, endpoints, limits: PATIENT },
      ...{ runtime: { placement: 'auto', runMs: RUN_MS }, ...(where === 'in a journal' && { journal: newJournal() }) },
    })
  })
  afterEach(async () => {
    await serving.close()
    await storage.close()
    await rm(folder, { recursive: true })
  })

  const stable = [{ version: 1, weight: 1 }]
  const ask = async (x: number, header?: string) => {
    const began = performance.now()
    const reply = await serving.predict({
      endpoint: 'counted',
      records: [{ x }],
      ...(header && { header: () => header }),
    })
    return { ...reply.predictions[0]!, ms: performance.now() - began }
  }
  const scoresOf = async (id: string) => (await serving.reads.prediction(id))!.scores

  it('in the shadow holds up nobody, and what it says later comes into the record', async () => {
    endpoints.set('counted', { stable, shadow: [2] })
    await serving.warm('counted')
    const first = await ask(1_000)
    expect(first).toMatchObject({ value: 1_000, version: 1 })
    await expect.poll(() => scoresOf(first.id), { timeout: 10_000 }).toEqual({ 1: 1_000, 2: 1_000 })

    await ask(FOR_GOOD)
    const behind = await Promise.all(Array.from({ length: 20 }, (_, i) => ask(i)))
    for (const { ms, version } of behind) expect([version, ms < RUN_MS / 2]).toEqual([1, true])
    // Those that waited behind the one that hung are asked when it was given up.
    await expect
      .poll(() => serving.status('counted').versions.find(({ version }) => version === 2)?.failed, { timeout: 20_000 })
      .toBeGreaterThan(0)
  }, 60_000)

  it('as the canary holds up only those whom it answers, and they get the stable answer in the end', async () => {
    const sticky = { header: 'user' }
    endpoints.set('counted', {
      stable,
      canary: { version: 2, share: 0.5, answer: [{ version: 2, weight: 1 }], sticky },
    })
    await serving.warm('counted')
    const users = Array.from({ length: 20 }, (_, u) => `user ${u}`)
    const versions = await Promise.all(users.map(async (user) => ({ user, ...(await ask(3, user)) })))
    const onCanary = versions.find(({ version }) => version === 2)!.user
    const onStable = versions.find(({ version }) => version === 1)!.user

    const hanging = ask(FOR_GOOD, onCanary)
    for (let i = 0; i < 10; i++) {
      const { version, ms } = await ask(i, onStable)
      expect([version, ms < RUN_MS / 2]).toEqual([1, true])
    }
    expect(await hanging).toMatchObject({ version: 1, value: Math.fround(FOR_GOOD) })
  }, 60_000)
})
