import { rm } from 'node:fs/promises'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { onEveryDatabase } from '#platform/testing'
import { predict as trainerSays } from '#trainer'
import type { LogHint } from './write-predictions.ts'
import { servingMigrations } from './migrations.ts'
import { unitHash } from './router.ts'
import {
  alone,
  customers,
  newJournal,
  PATIENT,
  recordsOf,
  silent,
  type TestEndpoints,
  type TestPackage,
  testEndpoints,
  trainPackage,
} from './serving.fixture.ts'
import { openServing, type Serving } from './serving.ts'

const RECORD = { tenure: 3, charges: 80, plan: 'monthly' }

onEveryDatabase('serving', servingMigrations, (storage) => {
  let packages: Record<number, TestPackage>
  let endpoints: TestEndpoints
  let serving: Serving
  let hints: LogHint[]
  let now = Date.parse('2025-03-01T00:00:00Z')
  let names = 0
  const open: Serving[] = []
  let journal: string

  beforeAll(() => {
    journal = newJournal()
    packages = { 1: trainPackage(1), 2: trainPackage(2), 3: trainPackage(3) }
  })
  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.close()))
  })
  afterAll(() => rm(journal, { recursive: true }))

  /** @param log where the newest predictions are kept: in a journal, but where several servers write to one table */
  function start(log: { journal?: string } = { journal }): string {
    hints = []
    endpoints = testEndpoints(packages)
    serving = openServing({
      storage: storage(),
      clock: { now: () => now },
      log: silent,
      endpoints,
      limits: PATIENT,
      onLogged: (hint) => hints.push(hint),
      ...log,
    })
    open.push(serving)
    // The database is shared by the tests of this suite, so each has an endpoint of its own.
    return `retention-${++names}`
  }

  it('answers what the trainer says and logs it with everything a later room asks for', async () => {
    const endpoint = start()
    endpoints.set(endpoint, { stable: alone(1) })
    const { frame } = customers(50, 9)
    const records = recordsOf(frame)
    const { model, predictions } = await serving.predict({ endpoint, records })

    const expected = trainerSays(packages[1]!.model, frame)
    expect(model).toBe('churn')
    expect(predictions.map(({ version }) => version)).toEqual(new Array(50).fill(1))
    for (let r = 0; r < 50; r++) {
      const { value, label, probabilities } = predictions[r]!
      expect(value).toBeCloseTo(expected[r]!, 5)
      expect(label).toBe(value >= 0.5 ? 'yes' : 'no')
      expect(probabilities).toEqual({ no: 1 - value, yes: value })
    }
    expect(new Set(predictions.map(({ id }) => id)).size).toBe(50)

    const logged = (await serving.reads.prediction(predictions[7]!.id))!
    expect(logged).toMatchObject({
      endpoint,
      project: 'telecom',
      model: 'churn',
      version: 1,
      route: 'stable',
      eventTime: now,
      receivedAt: now,
      inputs: records[7],
      value: predictions[7]!.value,
      label: predictions[7]!.label,
      scores: { 1: predictions[7]!.value },
      groundTruth: null,
    })
    expect(logged.latencyMs).toBeGreaterThan(0)
    expect(await serving.reads.counts(endpoint)).toEqual({ predictions: 50, labelled: 0, repeated: 0, corrected: 0 })
    expect(hints).toEqual([{ endpoint, predictions: 50, labelled: 0 }])
  })

  it('mixes a committee by weight and logs what each version alone would have said', async () => {
    const endpoint = start()
    endpoints.set(endpoint, {
      stable: [
        { version: 1, weight: 0.25 },
        { version: 2, weight: 0.75 },
      ],
      reference: 3,
    })
    const { predictions } = await serving.predict({ endpoint, records: [RECORD] })
    const { scores, weights, version, value } = (await serving.reads.prediction(predictions[0]!.id))!
    expect(version).toBe(2)
    expect(weights).toEqual({ 1: 0.25, 2: 0.75 })
    expect(Object.keys(scores)).toEqual(['1', '2', '3'])
    expect(value).toBeCloseTo(0.25 * scores[1]! + 0.75 * scores[2]!, 12)
    expect(new Set(Object.values(scores)).size).toBe(3)
  })

  it('gives the canary its share, by the hash of the id, and names who answered', async () => {
    const endpoint = start()
    endpoints.set(endpoint, { stable: alone(1), canary: { version: 2, share: 0.3, answer: alone(2) } })
    const ids = Array.from({ length: 1000 }, (_, i) => `${endpoint}-${i}`)
    const { predictions } = await serving.predict({ endpoint, records: ids.map(() => RECORD), ids })
    for (const { id, version } of predictions) expect(version).toBe(unitHash(id) < 0.3 ? 2 : 1)
    const canary = predictions.filter(({ version }) => version === 2).length
    expect(canary).toBeGreaterThan(250)
    expect(canary).toBeLessThan(350)
    expect((await serving.reads.list(endpoint, { limit: 500, version: 2 })).every((p) => p.route === 'canary')).toBe(
      true,
    )
    const { versions } = serving.status(endpoint)
    expect(versions.map(({ version, served }) => [version, served])).toEqual([
      [2, canary],
      [1, 1000 - canary],
    ])
  })

  it('answers a repeated id from the log: one record, the first answer, also after another version took over', async () => {
    const endpoint = start()
    endpoints.set(endpoint, { stable: alone(1) })
    const ask = (ids: string[]) => serving.predict({ endpoint, records: ids.map(() => RECORD), ids })
    const id = `${endpoint}-order-17`
    const first = await ask([id])
    endpoints.set(endpoint, { stable: alone(2) })
    await serving.warm(endpoint)
    expect(await ask([id])).toEqual(first)
    const mixed = await ask([`${id}b`, id, `${id}b`])
    expect(mixed.predictions.map(({ version }) => version)).toEqual([2, 1, 2])
    expect(mixed.predictions[0]).toEqual(mixed.predictions[2])
    expect(await serving.reads.counts(endpoint)).toMatchObject({ predictions: 2 })

    const together = await Promise.all(Array.from({ length: 20 }, () => ask([`${id}c`])))
    expect(new Set(together.map((reply) => JSON.stringify(reply))).size).toBe(1)
    expect(await serving.reads.counts(endpoint)).toMatchObject({ predictions: 3 })
  })

  it('lets the first of two servers decide an id that both were asked for', async () => {
    const endpoint = start({})
    endpoints.set(endpoint, { stable: alone(1) })
    const other = openServing({
      storage: storage(),
      clock: { now: () => now },
      log: silent,
      endpoints,
      limits: PATIENT,
    })
    open.push(other)
    const records = [RECORD, { ...RECORD, tenure: 60 }]
    const ids = [`${endpoint}-x`]
    const [one, two] = await Promise.all([
      serving.predict({ endpoint, records: [records[0]!], ids }),
      other.predict({ endpoint, records: [records[1]!], ids }),
    ])
    expect(one).toEqual(two)
    expect(await serving.reads.counts(endpoint)).toMatchObject({ predictions: 1 })
  })

  it('refuses an id that another endpoint has used, and ids that do not match the records', async () => {
    const endpoint = start()
    endpoints.set(endpoint, { stable: alone(1) })
    endpoints.set(`${endpoint}-b`, { stable: alone(1) })
    const ids = [`${endpoint}-y`]
    await serving.predict({ endpoint, records: [RECORD], ids })
    await expect(serving.predict({ endpoint: `${endpoint}-b`, records: [RECORD], ids })).rejects.toMatchObject({
      code: 'ORRERY_SERVING_PREDICTION_ID_TAKEN',
      status: 409,
    })
    for (const bad of [[], ['a', 'b'], [''], ['x'.repeat(201)]])
      await expect(serving.predict({ endpoint, records: [RECORD], ids: bad })).rejects.toMatchObject({
        code: 'ORRERY_SERVING_PREDICTION_IDS_INVALID',
      })
  })

  it('joins labels early, late, twice and corrected, and reports ids that nobody knows', async () => {
    const endpoint = start()
    endpoints.set(endpoint, { stable: alone(1) })
    const id = (n: number) => `${endpoint}-${n}`
    const ask = (...ns: number[]) => serving.predict({ endpoint, records: ns.map(() => RECORD), ids: ns.map(id) })
    const tell = (...labels: [number, string][]) => serving.feedback(labels.map(([n, label]) => ({ id: id(n), label })))
    await ask(1, 2)

    expect(await tell([1, 'yes'], [3, 'no'])).toEqual({
      joined: 1,
      repeated: 0,
      corrected: 0,
      unknown: [id(3)],
      refused: [],
    })
    expect(await tell([1, 'yes'])).toMatchObject({ joined: 0, repeated: 1, corrected: 0 })
    await ask(3)
    // Whoever reads finds what was answered, with the labels that waited for it.
    expect(await serving.reads.counts(endpoint)).toMatchObject({ predictions: 3, labelled: 2 })
    expect(await tell([2, 'no'], [1, 'no'], [2, 'yes'])).toEqual({
      joined: 1,
      repeated: 1,
      corrected: 1,
      unknown: [],
      refused: [],
    })
    expect(await serving.reads.counts(endpoint)).toEqual({ predictions: 3, labelled: 3, repeated: 1, corrected: 1 })

    const labelled = await serving.reads.labelledSince(endpoint, 0, 10)
    expect(labelled.map((one) => [one.id, one.groundTruth.label])).toEqual([
      [id(1), 'no'],
      [id(3), 'no'],
      [id(2), 'yes'],
    ])
    expect(await serving.reads.labelledSince(endpoint, labelled[1]!.joined, 10)).toEqual(labelled.slice(2))
    expect((await serving.reads.prediction(id(1)))!.groundTruth).toEqual({
      label: 'no',
      eventTime: null,
      receivedAt: now,
    })
    expect((await serving.reads.list(endpoint, { limit: 10, labelled: false })).length).toBe(0)
  })

  it('keeps no label that is none of the classes, and no time that is none', async () => {
    const endpoint = start()
    endpoints.set(endpoint, { stable: alone(1) })
    const ids = [`${endpoint}-1`, `${endpoint}-2`]
    await serving.feedback([{ id: ids[1]!, label: 'maybe' }])
    await serving.predict({ endpoint, records: [RECORD, RECORD], ids })
    expect(await serving.feedback([{ id: ids[0]!, label: 'Yes' }])).toEqual({
      joined: 0,
      repeated: 0,
      corrected: 0,
      unknown: [],
      refused: [{ id: ids[0], reason: '"Yes" is none of the classes no, yes' }],
    })
    await expect(serving.feedback([{ id: ids[0]!, label: 'yes', time: 'tomorrow' }])).rejects.toMatchObject({
      code: 'ORRERY_SERVING_LABEL_TIME_INVALID',
    })
    expect(await serving.reads.counts(endpoint)).toMatchObject({ labelled: 0 })
    expect(await serving.feedback([{ id: ids[0]!, label: 'yes', time: '2025-03-04' }])).toMatchObject({ joined: 1 })
    expect((await serving.reads.prediction(ids[0]!))!.groundTruth!.eventTime).toBe(Date.parse('2025-03-04T00:00:00Z'))
  })

  it('reads windows by event time, column by column, and rows with labels for training', async () => {
    const endpoint = start()
    endpoints.set(endpoint, { stable: alone(1) }, { project: endpoint, time: ['day', 'hour'] })
    const records = Array.from({ length: 2500 }, (_, i) => ({
      ...RECORD,
      tenure: i,
      day: `2025-01-0${1 + (i % 3)}`,
      hour: i % 24,
    }))
    const ids = records.map((_, i) => `${endpoint}-${i}`)
    await serving.predict({ endpoint, records, ids })
    const day = Date.parse('2025-01-02T00:00:00Z')
    expect(await serving.reads.watermark(endpoint)).toBe(day + (24 + 23) * 3_600_000)

    await serving.feedback(ids.filter((_, i) => i % 2 === 0).map((one) => ({ id: one, label: 'no' })))
    const window = await serving.reads.window(endpoint, day, day + 86_400_000)
    const inWindow = records.filter((record) => record.day === '2025-01-02')
    expect(window.rows).toBe(inWindow.length)
    expect(window.cut).toBe(false)
    expect(window.eventTimes).toEqual(window.eventTimes.slice().sort())
    expect(window.inputs.every((inputs) => inputs.day === '2025-01-02')).toBe(true)
    for (let i = 0; i < window.rows; i++) {
      expect(window.truths[i]).toBe((window.inputs[i]!.tenure as number) % 2 === 0 ? 'no' : null)
      expect(window.scores[i]).toEqual({ 1: window.values[i] })
    }
    const cut = await serving.reads.window(endpoint, day, day + 86_400_000, 100)
    expect([cut.rows, cut.cut, cut.ids]).toEqual([100, true, window.ids.slice(-100)])

    const rows: { eventTime: number; label: string; inputs: Record<string, unknown> }[] = []
    for await (const row of serving.reads.labelledRows({ project: endpoint })) rows.push(row)
    expect(rows.length).toBe(1250)
    expect(new Set(rows.map(({ inputs }) => inputs.tenure)).size).toBe(1250)
    expect(rows.every((row, i) => i === 0 || row.eventTime >= rows[i - 1]!.eventTime)).toBe(true)
    const some: unknown[] = []
    for await (const row of serving.reads.labelledRows({ endpoint }, { from: day, to: day + 86_400_000 }))
      some.push(row)
    expect(some.length).toBe(window.truths.filter((truth) => truth !== null).length)
  })

  it('logs a sample when the project says so, and never a redacted column', async () => {
    const endpoint = start()
    endpoints.set(
      endpoint,
      { stable: alone(1), canary: { version: 2, share: 0.2, answer: alone(2) } },
      { log: { sample: 0.5, redact: ['plan'] } },
    )
    const ids = Array.from({ length: 1000 }, (_, i) => `${endpoint}-${i}`)
    const { predictions } = await serving.predict({ endpoint, records: ids.map(() => RECORD), ids })
    expect(predictions).toHaveLength(1000)
    const window = await serving.reads.window(endpoint, 0, now + 1)
    expect(window.rows).toBeGreaterThan(400)
    expect(window.rows).toBeLessThan(600)
    for (const inputs of window.inputs) expect(inputs).toEqual({ tenure: 3, charges: 80 })
    const canary = window.routes.filter((route) => route === 'canary').length / window.rows
    expect(canary).toBeGreaterThan(0.1)
    expect(canary).toBeLessThan(0.3)
  })

  it('deletes what is older than the retention, with its labels, and goes on counting', async () => {
    const endpoint = start()
    endpoints.set(endpoint, { stable: alone(1) })
    const ask = async (from: number, count: number) => {
      const ids = Array.from({ length: count }, (_, i) => `${endpoint}-${from + i}`)
      await serving.predict({ endpoint, records: ids.map(() => RECORD), ids })
      await serving.feedback(ids.map((id) => ({ id, label: 'yes' })))
    }
    await ask(0, 1200)
    const waiting = `${endpoint}-early`
    await serving.feedback([{ id: waiting, label: 'yes' }])
    now += 1_000
    await ask(1200, 30)
    expect(await serving.expire(endpoint, now)).toBe(1200)
    expect(await serving.expire(endpoint, now)).toBe(0)
    expect((await serving.reads.window(endpoint, 0, now + 1)).rows).toBe(30)
    expect(await serving.reads.labelledSince(endpoint, 0, 2000)).toHaveLength(30)
    expect(await serving.reads.counts(endpoint)).toMatchObject({ predictions: 1230, labelled: 1230 })
    // The label that never met its prediction went too.
    expect(await serving.feedback([{ id: waiting, label: 'yes' }])).toMatchObject({ repeated: 0, unknown: [waiting] })
  })

  it('joins labels and predictions that arrive at the same time', async () => {
    const endpoint = start()
    endpoints.set(endpoint, { stable: alone(1) })
    const ids = Array.from({ length: 300 }, (_, i) => `${endpoint}-${i}`)
    await Promise.all(
      ids.flatMap((id, i) => {
        const both = [
          () => serving.predict({ endpoint, records: [RECORD], ids: [id] }),
          () => serving.feedback([{ id, label: 'yes' }]),
        ]
        return (i % 2 ? both : both.reverse()).map((one) => one())
      }),
    )
    const labelled = await serving.reads.labelledSince(endpoint, 0, 1000)
    expect(labelled.map(({ id }) => id).sort()).toEqual([...ids].sort())
    expect(await serving.reads.counts(endpoint)).toMatchObject({ predictions: 300, labelled: 300, repeated: 0 })
  })

  it('pages through predictions in the order they were logged', async () => {
    const endpoint = start()
    endpoints.set(endpoint, { stable: alone(1) })
    for (let i = 0; i < 5; i++) await serving.predict({ endpoint, records: [RECORD], ids: [`${endpoint}-${i}`] })
    const first = await serving.reads.predictionsSince(endpoint, 0, 3)
    const rest = await serving.reads.predictionsSince(endpoint, first.at(-1)!.seq, 3)
    expect([...first, ...rest].map(({ id }) => id)).toEqual([0, 1, 2, 3, 4].map((i) => `${endpoint}-${i}`))
    const newest = await serving.reads.list(endpoint, { limit: 2 })
    const older = await serving.reads.list(endpoint, { limit: 2, before: newest.at(-1)!.seq })
    expect([...newest, ...older].map(({ id }) => id)).toEqual([4, 3, 2, 1].map((i) => `${endpoint}-${i}`))
  })
})
