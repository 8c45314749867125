import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { withDuck } from '#data'
import { type Blobs, openBlobFolder } from '#platform/blobs'
import { onEveryDatabase } from '#platform/testing'
import { servingMigrations } from '../migrations.ts'
import type { PredictionReads } from '../reads.ts'
import { alone, PATIENT, silent, type TestPackage, testEndpoints, trainPackage } from '../serving.fixture.ts'
import { openServing, type Serving } from '../serving.ts'
import { segmentsOf } from './store.ts'

const ROWS = 1_200
const DAY = 86_400_000
const NOW = Date.UTC(2026, 0, 10)

let one: TestPackage
let folder: string
let blobs: Blobs
beforeAll(async () => {
  one = trainPackage(1)
  folder = await mkdtemp(join(tmpdir(), 'orrery-archive-'))
  blobs = await openBlobFolder(join(folder, 'blobs'))
})
afterAll(() => rm(folder, { recursive: true }))

/** Everything that is read of a log, in one value. */
async function everything(reads: PredictionReads, endpoint: string) {
  const labelled = []
  for await (const row of reads.labelledRows({ endpoint })) labelled.push(row)
  const range = [NOW - 5 * DAY, NOW + 5 * DAY] as const
  const pages = []
  let before: number | undefined
  for (;;) {
    const page = await reads.list(endpoint, { limit: 170, ...(before !== undefined && { before }) })
    pages.push(...page)
    if (page.length < 170) break
    before = page.at(-1)!.seq
  }
  return {
    labelled,
    pages,
    window: await reads.window(endpoint, ...range),
    cut: await reads.window(endpoint, ...range, 333),
    part: await reads.window(endpoint, NOW + 100_000, NOW + 700_000),
    since: await reads.predictionsSince(endpoint, 0, 10_000),
    some: await reads.predictionsSince(endpoint, pages.at(-1)!.seq + 40, 555),
    truths: await reads.labelledSince(endpoint, 0, 10_000),
    one: await reads.prediction('p17'),
    unlabelled: await reads.list(endpoint, { limit: 77, labelled: false }),
    found: await reads.list(endpoint, { limit: 50, text: 'P77', from: NOW, to: NOW + 900_000 }),
    counts: await reads.counts(endpoint),
  }
}

onEveryDatabase('the archive of the prediction log', servingMigrations, (storage) => {
  let now = NOW
  const clock = { now: () => now }
  let serving: Serving
  beforeAll(async () => {
    const endpoints = testEndpoints({ 1: one })
    endpoints.set('retention', { stable: alone(1) }, { time: ['at'] })
    endpoints.set('other', { stable: alone(1) })
    endpoints.set('hidden', { stable: alone(1) }, { log: { sample: 1, redact: ['plan'] } })
    await mkdir(join(folder, 'work'), { recursive: true })
    const limits = { most: 500, fewest: 100, graceMs: 1_000 }
    const archive = { blobs, work: join(folder, 'work'), limits }
    const journal = join(folder, 'predictions')
    serving = openServing({ storage: storage(), clock, log: silent, endpoints, limits: PATIENT, archive, journal })
    for (let from = 0; from < ROWS; from += 100) {
      now += 1_000
      const places = Array.from({ length: 100 }, (_, i) => from + i)
      await serving.predict({
        endpoint: 'retention',
        ids: places.map((place) => `p${place}`),
        // Not in the order of arrival.
        records: places.map((place) => ({
          ...{ tenure: place % 70, charges: 20 + (place % 90), plan: place % 7 === 0 ? null : "two 'years'" },
          at: new Date(NOW + ((place * 7919) % ROWS) * 1_000).toISOString(),
        })),
      })
      await serving.predict({ endpoint: 'other', records: [{ tenure: 1, charges: 2, plan: 'monthly' }] })
    }
    const labels = Array.from({ length: ROWS / 2 }, (_, i) => ({ id: `p${2 * i}`, label: i % 3 === 0 ? 'yes' : 'no' }))
    await serving.feedback(labels)
  })
  afterAll(() => serving.close())

  it('reads as one log, before, while and after rows are moved', async () => {
    const before = await everything(serving.reads, 'retention')
    expect(before.window.rows).toBe(ROWS)
    expect(before.found.length).toBeGreaterThan(5)
    expect(await serving.compact('retention', now + 1)).toBe(ROWS)
    // In both: the table's rows are kept for whoever began to read there.
    expect(await everything(serving.reads, 'retention')).toEqual(before)
    now += 2_000
    expect(await serving.compact('retention', now + 1)).toBe(0)
    const segments = await segmentsOf(storage(), 'retention')
    expect(segments.map(({ rows }) => rows)).toEqual([500, 500, 200])
    const left = await storage()
      .reads<{ serving_predictions: { endpoint: string } }>()
      .selectFrom('serving_predictions')
      .select('endpoint')
      .execute()
    expect(new Set(left.map(({ endpoint }) => endpoint))).toEqual(new Set(['other']))
    expect(await everything(serving.reads, 'retention')).toEqual(before)
  })

  it('takes labels for what was moved, once and corrected, and refuses what is none', async () => {
    expect(
      await serving.feedback([
        { id: 'p1', label: 'yes' },
        { id: 'p0', label: 'yes' },
        { id: 'p2', label: 'yes' },
        { id: 'p3', label: 'perhaps' },
      ]),
    ).toMatchObject({ joined: 1, repeated: 1, corrected: 1, unknown: [], refused: [{ id: 'p3' }] })
    expect((await serving.reads.prediction('p1'))!.groundTruth!.label).toBe('yes')
    expect((await serving.reads.labelledSince('retention', 0, 10_000)).at(-1)!.id).toBe('p1')
  })

  it('answers an id again from what was moved', async () => {
    const before = await serving.reads.prediction('p5')
    const record = { ...before!.inputs }
    const { predictions } = await serving.predict({ endpoint: 'retention', ids: ['p5'], records: [record] })
    expect(predictions[0]).toMatchObject({ id: 'p5', value: before!.value })
    expect((await serving.reads.counts('retention')).predictions).toBe(ROWS)
  })

  it('goes on behind what was moved', async () => {
    const records = Array.from({ length: 150 }, () => ({
      tenure: 3,
      charges: 80,
      plan: 'monthly',
      at: new Date(NOW).toISOString(),
    }))
    const more = Array.from({ length: 150 }, (_, i) => `q${i}`)
    await serving.predict({ endpoint: 'retention', ids: more, records })
    const both = await everything(serving.reads, 'retention')
    expect(both.since.map(({ id }) => id)).toEqual([...Array.from({ length: ROWS }, (_, i) => `p${i}`), ...more])
    expect(both.pages.map(({ id }) => id)).toEqual(both.since.map(({ id }) => id).reverse())
    now += 5_000
    expect(await serving.compact('retention', now)).toBe(150)
    expect(await everything(serving.reads, 'retention')).toEqual(both)
  })

  it('is asked in SQL, old and new as one table, and nothing else can be read', async () => {
    const { rows, columns, cut } = await serving.ask(
      'retention',
      "SELECT count(*) AS n, count(truth) AS labelled, count(DISTINCT id) AS ids, max(inputs->>'plan') AS plan, min(event_time)::VARCHAR AS since FROM predictions;",
    )
    const { predictions, labelled } = await serving.reads.counts('retention')
    expect({ columns, rows, cut }).toEqual({
      columns: ['n', 'labelled', 'ids', 'plan', 'since'],
      rows: [[predictions, labelled, predictions, "two 'years'", '2026-01-10 00:00:00']],
      cut: false,
    })
    for (const sql of [
      'DROP VIEW predictions',
      'SELECT 1; SELECT 2',
      'SELECT * FROM nothing',
      `SELECT * FROM read_parquet('${join(folder, 'blobs')}/**')`,
      "SELECT * FROM read_csv('/etc/passwd')",
      "COPY predictions TO '/tmp/x.csv'",
    ])
      await expect(serving.ask('retention', sql), sql).rejects.toMatchObject({
        code: 'ORRERY_SERVING_LOG_QUERY_REFUSED',
      })
    const exported = await serving.exportLog('retention', async (path) =>
      withDuck({ folders: [join(path, '..')] }, (duck) =>
        duck.rows(`SELECT count(*) AS n, count(truth) AS labelled FROM read_parquet('${path}')`),
      ),
    )
    expect(exported).toEqual([{ n: predictions, labelled }])
  }, 180_000)

  it('keeps what got no answer, without what must not be logged, and counts what came too fast', async () => {
    await serving.warm('hidden')
    const bad = { tenure: 'long', charges: 1, plan: 'secret' }
    const ask = (requestId: string) => serving.predict({ endpoint: 'hidden', records: [bad], requestId })
    await expect(ask('r1')).rejects.toMatchObject({ status: 422 })
    await Promise.allSettled(Array.from({ length: 150 }, (_, i) => ask(`more${i}`)))
    await expect.poll(async () => (await serving.failures.list('hidden', { limit: 500 })).length).toBe(100)
    expect(serving.failures.dropped('hidden')).toBe(51)
    const oldest = (await serving.failures.list('hidden', { limit: 500 })).at(-1)!
    expect(oldest).toMatchObject({
      ...{ endpoint: 'hidden', requestId: 'r1', code: 'ORRERY_RUNTIME_RECORD_INVALID', status: 422, records: 1 },
      inputs: [{ tenure: 'long', charges: 1 }],
    })
    expect(await serving.failures.list('retention', { limit: 10 })).toEqual([])
    await serving.expire('hidden', now + 1)
    expect(await serving.failures.list('hidden', { limit: 10 })).toEqual([])
  })

  it('forgets what is past its time, with labels and bytes', async () => {
    const [first, second] = await segmentsOf(storage(), 'retention')
    expect(await serving.expire('retention', second!.firstReceivedAt)).toBe(500)
    expect(await serving.reads.prediction('p17')).toBeUndefined()
    expect(await blobs.has(first!.blob)).toBe(false)
    expect((await serving.reads.predictionsSince('retention', 0, 10_000)).map(({ id }) => id)[0]).toBe('p500')
  })

  it('writes a segment anew without what is more than a day past its time', async () => {
    const ids = Array.from({ length: 100 }, (_, i) => `slow${i}`)
    for (const id of ids) {
      now += DAY / 10
      await serving.predict({ endpoint: 'other', ids: [id], records: [{ tenure: 1, charges: 2, plan: 'monthly' }] })
    }
    await serving.feedback(ids.map((id) => ({ id, label: 'yes' })))
    await serving.compact('other', now + 1)
    now += 5_000
    await serving.compact('other', now + 1)
    const [whole] = await segmentsOf(storage(), 'other')
    const listed = async () => (await serving.reads.list('other', { limit: 500 })).map(({ id }) => id)
    const before = await listed()
    // Within a day nothing is written anew for a few rows.
    expect(await serving.expire('other', whole!.firstReceivedAt + DAY / 2)).toBe(0)
    expect(await listed()).toEqual(before)
    const { receivedAt } = (await serving.reads.prediction('slow50'))!
    expect(await serving.expire('other', receivedAt)).toBe(before.length - 50)
    expect(await listed()).toEqual(ids.slice(50).reverse())
    const [rest] = await segmentsOf(storage(), 'other')
    expect(rest).toMatchObject({ id: whole!.id, rows: 50, firstReceivedAt: receivedAt })
    expect(await blobs.has(whole!.blob)).toBe(false)
    expect(await serving.reads.prediction('slow49')).toBeUndefined()
    expect(await serving.reads.labelledSince('other', 0, 500)).toHaveLength(50)
  })
})
