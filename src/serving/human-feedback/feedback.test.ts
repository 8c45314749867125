import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { type Blobs, openBlobFolder } from '#platform/blobs'
import { onEveryDatabase } from '#platform/testing'
import type { NewFeedback } from '../feedback.contract.ts'
import { servingMigrations } from '../migrations.ts'
import {
  alone,
  PATIENT,
  silent,
  type TestEndpoints,
  type TestPackage,
  testEndpoints,
  trainPackage,
} from '../serving.fixture.ts'
import { openServing, type Serving } from '../serving.ts'

const DAY = 86_400_000
const NOW = Date.UTC(2026, 0, 10, 12)
const RECORD = { tenure: 3, charges: 80, plan: 'monthly' }

let packages: Record<number, TestPackage>
let folder: string
let blobs: Blobs
beforeAll(async () => {
  packages = { 1: trainPackage(1), 2: trainPackage(2, 'regression') }
  folder = await mkdtemp(join(tmpdir(), 'orrery-feedback-'))
  blobs = await openBlobFolder(join(folder, 'blobs'))
})
afterAll(() => rm(folder, { recursive: true }))

onEveryDatabase('feedback of people', servingMigrations, (storage) => {
  let now: number
  let endpoints: TestEndpoints
  let serving: Serving
  beforeEach(async () => {
    now = NOW
    endpoints = testEndpoints(packages)
    for (const name of ['retention', 'other']) endpoints.set(name, { stable: alone(1) })
    endpoints.set('amount', { stable: alone(2) })
    serving = openServing({
      ...{ storage: storage(), clock: { now: () => now }, log: silent, endpoints, limits: PATIENT },
      archive: { blobs, work: folder, limits: { most: 50_000, fewest: 1, graceMs: 0 } },
    })
    await serving.warmAll()
  })
  afterEach(() => serving.close())

  const answer = async (endpoint: string, ...ids: string[]) =>
    (await serving.predict({ endpoint, records: ids.map(() => RECORD), ids })).predictions
  const answered = async (endpoint: string, id: string) => {
    const [one] = await answer(endpoint, id)
    return { ...one!, label: one!.label! }
  }
  const give = (...feedback: NewFeedback[]) => serving.humanFeedback.give(feedback, 'support')
  const summary = (endpoint = 'retention') => serving.humanFeedback.summary(endpoint, { periodMs: DAY })

  it('keeps what people say of an answer, once however often it is sent, and says what follows from the answer', async () => {
    const { label } = await answered('retention', 'a')
    const other = label === 'yes' ? 'no' : 'yes'
    const said = [
      { prediction: 'a', rating: 5, comment: 'as I thought', person: 'Ann', tags: ['clear'] },
      { prediction: 'a', value: other, person: 'Ben', time: '2026-01-09T08:00:00Z' },
      { endpoint: 'retention', rating: 1, tags: ['slow', 'clear'] },
    ]
    expect(await give(...said)).toEqual({ kept: 3, repeated: 0, replaced: 0, waiting: [], refused: [] })
    expect(await give(...said.toReversed())).toMatchObject({ kept: 0, repeated: 3 })
    expect(await serving.humanFeedback.of('a')).toMatchObject([
      {
        person: 'Ben',
        value: other,
        agrees: false,
        version: 1,
        endpoint: 'retention',
        givenAt: Date.UTC(2026, 0, 9, 8),
      },
      {
        person: 'Ann',
        rating: 5,
        comment: 'as I thought',
        tags: ['clear'],
        agrees: null,
        sender: 'support',
        givenAt: NOW,
      },
    ])
    expect(await summary()).toEqual({
      ...{ count: 3, rated: 2, meanRating: 3, low: 1, valued: 1, disagree: 1 },
      ...{ predictions: 1, people: 2, comments: 1 },
      disagreeShare: { value: 1, lower95: expect.closeTo(0.207, 3), upper95: 1 },
      tags: [
        { tag: 'clear', count: 2 },
        { tag: 'slow', count: 1 },
      ],
      versions: [{ version: 1, count: 2, rated: 1, meanRating: 5, low: 0, valued: 1, disagree: 1 }],
      periods: [
        { from: Date.UTC(2026, 0, 9), count: 1, rated: 0, meanRating: null, low: 0, valued: 1, disagree: 1 },
        { from: Date.UTC(2026, 0, 10), count: 2, rated: 2, meanRating: 3, low: 1, valued: 0, disagree: 0 },
      ],
    })
    expect(await summary('other')).toMatchObject({ count: 0, meanRating: null, disagreeShare: null, periods: [] })
  })

  it('replaces what is said anew under its id, and nobody else’s', async () => {
    await answer('retention', 'b', 'c')
    await give({ id: 'ticket-1', prediction: 'b', rating: 2 })
    expect(await give({ id: 'ticket-1', prediction: 'b', rating: 4, comment: 'better now' })).toMatchObject({
      replaced: 1,
    })
    expect(await serving.humanFeedback.of('b')).toMatchObject([{ rating: 4, comment: 'better now', replaced: 1 }])
    const { refused } = await give({ id: 'ticket-1', prediction: 'c', rating: 1 })
    expect(refused).toEqual([{ index: 0, reason: expect.stringContaining('something else') }])
  })

  it('takes it before the answer, and counts it when that has come', async () => {
    expect(await give({ prediction: 'early', value: 'yes' })).toMatchObject({ kept: 1, waiting: ['early'] })
    expect((await serving.humanFeedback.of('early'))[0]).toMatchObject({ endpoint: null, agrees: null })
    const before = await summary()
    const { label } = await answered('retention', 'early')
    const after = await summary()
    expect(after.count).toBe(before.count + 1)
    expect(after.disagree - before.disagree).toBe(label === 'yes' ? 0 : 1)
    expect((await serving.humanFeedback.of('early'))[0]).toMatchObject({ endpoint: 'retention', version: 1 })
  })

  it('refuses by name what fits nothing, and keeps the rest', async () => {
    await answer('retention', 'd')
    await answer('amount', 'n')
    expect(
      await give(
        { prediction: 'd', value: 'perhaps' },
        { endpoint: 'nowhere', rating: 1 },
        { prediction: 'd', endpoint: 'other', rating: 1 },
        { prediction: 'n', value: 'much' },
        { prediction: 'n', value: '17.5' },
      ),
    ).toEqual({
      ...{ kept: 1, repeated: 0, replaced: 0, waiting: [] },
      refused: [
        { index: 0, reason: expect.stringContaining('none of the classes no, yes') },
        { index: 1, reason: expect.stringContaining('no endpoint "nowhere"') },
        { index: 2, reason: expect.stringContaining('one of "retention"') },
        { index: 3, reason: expect.stringContaining('is no number') },
      ],
    })
    expect((await serving.humanFeedback.of('n'))[0]).toMatchObject({ value: '17.5', agrees: null })
    const unread = serving.humanFeedback.give(
      [
        { prediction: 'd', rating: 1 },
        { prediction: 'd', rating: 1, time: 'soon' },
      ],
      's',
    )
    await expect(unread).rejects.toMatchObject({ code: 'ORRERY_SERVING_FEEDBACK_TIME_INVALID' })
    expect(await serving.humanFeedback.of('d')).toEqual([])
  })

  it('keeps nothing that the project leaves out, also of a prediction that is not there yet', async () => {
    endpoints.set(
      'private',
      { stable: alone(1) },
      { log: { sample: 1, redact: [], redactFeedback: ['person', 'comment', 'value'] } },
    )
    const { label } = await answered('private', 'p')
    const said = { value: label, comment: 'my number is 555', person: 'Ann', tags: ['call'] }
    await give({ prediction: 'p', ...said }, { prediction: 'later', ...said })
    const kept = { value: null, comment: null, person: null, sender: null, tags: ['call'] }
    expect(await serving.humanFeedback.of('p')).toMatchObject([{ ...kept, agrees: true }])
    expect(await serving.humanFeedback.of('later')).toMatchObject([kept])
    expect((await give({ endpoint: 'private', comment: 'only words' })).refused).toHaveLength(1)
  })

  it('is listed page by page and found by version, tag, time and disagreement', async () => {
    const ids = Array.from({ length: 7 }, (_, i) => `list${i}`)
    endpoints.set('listed', { stable: alone(1) })
    const answers = await answer('listed', ...ids)
    const wrong = (label: string | null) => (label === 'yes' ? 'no' : 'yes')
    for (const [i, { id, label }] of answers.entries()) {
      now += 1000
      await give({ prediction: id, value: i < 3 ? wrong(label) : label!, tags: [i % 2 ? 'a%' : 'a'] })
    }
    const list = (filter: object, page: { limit: number; before?: number }) =>
      serving.humanFeedback.list('listed', filter, page)
    const first = await list({}, { limit: 4 })
    const second = await list({}, { limit: 4, before: first.next! })
    expect([...first.feedback, ...second.feedback].map(({ prediction }) => prediction)).toEqual(ids.toReversed())
    expect(second.next).toBeNull()
    const found = async (filter: object) => (await list(filter, { limit: 50 })).feedback.length
    expect(await found({ disagrees: true })).toBe(3)
    expect(await found({ disagrees: false })).toBe(4)
    expect(await found({ tag: 'a' })).toBe(4)
    expect(await found({ tag: 'a%' })).toBe(3)
    expect(await found({ version: 2 })).toBe(0)
    expect(await found({ from: NOW + 2000, to: NOW + 5000 })).toBe(3)
  })

  it('is forgotten with its prediction, wherever that lay, and not before', async () => {
    endpoints.set('short', { stable: alone(1) })
    now = NOW - 10 * DAY
    await answer('short', 'old', 'moved')
    now = NOW
    await answer('short', 'new')
    await give(
      { prediction: 'old', rating: 1 },
      { prediction: 'moved', rating: 2 },
      { prediction: 'new', rating: 3 },
      { endpoint: 'short', rating: 4 },
      { prediction: 'never', rating: 5 },
    )
    await serving.compact('short', NOW - 5 * DAY)
    await serving.expire('short', NOW - 20 * DAY)
    expect(await summary('short')).toMatchObject({ count: 4, predictions: 3 })
    await serving.expire('short', NOW - 5 * DAY)
    expect(await serving.humanFeedback.of('old')).toEqual([])
    expect(await summary('short')).toMatchObject({ count: 2, predictions: 1 })
    expect(await serving.humanFeedback.of('never')).toHaveLength(1)
    await serving.expire('short', NOW + 1)
    expect(await summary('short')).toMatchObject({ count: 0 })
    expect(await serving.humanFeedback.of('never')).toEqual([])
  })

  it('takes two thousand at once', async () => {
    endpoints.set('bulk', { stable: alone(1) })
    const ids = Array.from({ length: 500 }, (_, i) => `bulk${i}`)
    await answer('bulk', ...ids)
    const said = ids.flatMap((prediction) =>
      ['a', 'b', 'c', 'd'].map((person) => ({ prediction, person, rating: person === 'a' ? 1 : 5 })),
    )
    expect(await give(...said)).toMatchObject({ kept: 2000, refused: [] })
    expect(await give(...said)).toMatchObject({ kept: 0, repeated: 2000 })
    expect(await summary('bulk')).toMatchObject({ count: 2000, people: 4, meanRating: 4, low: 500 })
  })
})
