import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openBlobFolder } from '#platform/blobs'
import { eventMigrations, openEvents } from '#platform/events'
import { openLog } from '#platform/log'
import { onEveryDatabase } from '#platform/testing'
import { openTracking, type Tracking, trackingMigrations } from '#tracking'
import type { Description } from './merge.ts'
import { tracingMigrations } from './migrations.ts'
import type { AttributeValue } from './span.ts'
import { START, span, traceId } from './spans.fixture.ts'
import type { Condition } from './store/search.ts'
import { openTracing, type Tracing } from './tracing.ts'

const STARTED = Number(START / 1_000_000n)

onEveryDatabase('tracing', [...eventMigrations, ...trackingMigrations, ...tracingMigrations], (storage) => {
  let folder: string
  let tracking: Tracking
  let tracing: Tracing
  let experiment: string
  let next = 1
  const clock = { now: () => STARTED + 1_000 }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-tracing-'))
    const events = openEvents({ storage: storage(), clock, log: openLog({ level: 'silent' }) })
    const blobs = await openBlobFolder(folder)
    tracking = openTracking({ storage: storage(), blobs, events, clock })
    tracing = openTracing({ storage: storage(), blobs, clock, tracking })
    experiment = (await tracking.createExperiment({ name: 'chat' })).id
  })
  afterAll(async () => rm(folder, { recursive: true }))

  const newId = () => traceId(next++)
  const described = (id: string, fields: Partial<Description> = {}): Description => ({
    id,
    experiment,
    name: null,
    run: null,
    session: null,
    clientRequestId: null,
    state: 'ok',
    startedAt: STARTED,
    durationMs: 50,
    request: null,
    response: null,
    tokens: null,
    tags: {},
    metadata: {},
    assessments: [],
    ...fields,
  })
  const found = async (where: Condition[], among: string[]) => {
    const traces = await tracing.traces({ experiments: [experiment], where, limit: 500, offset: 0 })
    return among.filter((id) => traces.some((trace) => trace.id === id))
  }

  it('makes a trace of its spans, in whatever order they come', async () => {
    const id = newId()
    const child = span(id, 2, {
      parent: '0000000000000001',
      at: 5,
      took: 20,
      tokens: { input: 1, output: 2, total: 3 },
    })
    await tracing.recordSpans(experiment, [child])
    expect(await tracing.trace(id)).toMatchObject({
      state: 'in_progress',
      name: null,
      startedAt: STARTED + 5,
      durationMs: 20,
      spans: 1,
      experiment: 'chat',
      tokens: { input: 1, output: 2, total: 3 },
    })
    const root = span(id, 1, {
      name: 'agent',
      took: 40,
      status: 'error',
      attributes: { in: { question: 'why?' }, out: 'because' },
      inputsKey: 'in',
      outputsKey: 'out',
    })
    await tracing.recordSpans(experiment, [root], new Map([[id, { session: 's1', tags: { service: 'bot' } }]]))
    expect(await tracing.trace(id)).toMatchObject({
      state: 'error',
      name: 'agent',
      startedAt: STARTED,
      durationMs: 40,
      request: '{"question":"why?"}',
      response: 'because',
      session: 's1',
      tags: { service: 'bot' },
      spans: 2,
      tokens: { total: 3 },
    })
    expect((await tracing.spans(id)).map(({ name }) => name)).toEqual(['agent', 'span 2'])
  })

  it('keeps a span once, as it was last sent', async () => {
    const id = newId()
    const usage = { tokens: { input: 1, output: 1, total: 2 } }
    await tracing.recordSpans(experiment, [
      span(id, 1, usage),
      span(id, 1, usage),
      span(id, 2, { parent: '0000000000000001' }),
    ])
    await tracing.recordSpans(experiment, [span(id, 1, { ...usage, name: 'renamed' })])
    const spans = await tracing.spanLines(id, { limit: 10, offset: 0 })
    expect(spans.map(({ name }) => name)).toEqual(['renamed', 'span 2'])
    expect(await tracing.trace(id)).toMatchObject({ spans: 2, tokens: { total: 2 } })
  })

  it('gives back what a span carried, digit for digit', async () => {
    const id = newId()
    const whole = span(id, 1, {
      startedNs: START + 123_456_789n,
      endedNs: null,
      type: 'LLM',
      message: 'out of "luck"',
      attributes: { whole: 1n, fraction: 1, large: 2n ** 62n + 1n, text: 'ä😀', nested: { list: [null, true, [1.5]] } },
      events: [{ name: 'exception', atNs: START + 5n, attributes: { 'exception.type': 'ValueError' } }],
      links: [{ trace: traceId(99), span: '00000000000000aa', attributes: { why: 'retry' } }],
      inputsKey: 'text',
    })
    await tracing.recordSpans(experiment, [whole])
    expect(await tracing.span(id, whole.id)).toEqual(whole)
    const [line] = await tracing.spanLines(id, { limit: 1, offset: 0 })
    expect(line).toMatchObject({ startedNs: String(START + 123_456_789n), endedNs: null })
  })

  it('keeps text that databases do not take', async () => {
    const id = newId()
    await tracing.recordSpans(experiment, [
      span(id, 1, { name: 'a\0b', attributes: { 'k\0': 'v\0\ud800', ok: ['\0'] }, inputsKey: 'ok' }),
    ])
    await tracing.describeTrace(described(id, { name: 'x\0', tags: { t: '\0' }, request: '\udfff' }))
    expect(await tracing.span(id, '0000000000000001')).toMatchObject({
      name: 'ab',
      attributes: { k: 'v\ufffd', ok: [''] },
    })
    expect(await found([{ on: 'span-attribute', key: 'k', is: '=', value: 'v\ufffd' }], [id])).toEqual([id])
  })

  it('leaves out spans that are none, and says why', async () => {
    const id = newId()
    const bad = [
      span('tr-xyz', 1),
      span(`tr-${'0'.repeat(32)}`, 1),
      { ...span(id, 1), id: 'abc' },
      { ...span(id, 1), parent: '0'.repeat(16) },
      { ...span(id, 1), startedNs: 0n },
      { ...span(id, 1), endedNs: 2n ** 64n - 1n },
      span(id, 1, { attributes: { deep: deep(100) } }),
    ]
    const rejected = await tracing.recordSpans(experiment, [...bad, span(id, 9)])
    expect(rejected).toHaveLength(bad.length)
    expect(rejected[0]).toContain('"tr-xyz" is no id of a trace')
    expect(rejected.at(-1)).toContain('nested more than 64 deep')
    expect((await tracing.spans(id)).map((one) => one.id)).toEqual(['0000000000000009'])
  })

  it('believes a client more than the spans, before and after them', async () => {
    const [before, after] = [newId(), newId()]
    const told = { name: 'told', run: 'r1', durationMs: 7, tokens: { input: 5, output: 5, total: 10 } }
    const spans = (id: string) => [
      span(id, 1, {
        at: -100,
        took: 500,
        attributes: { in: 'hello' },
        inputsKey: 'in',
        tokens: { input: 1, output: 1, total: 2 },
      }),
    ]
    await tracing.describeTrace(described(before, told))
    await tracing.recordSpans(experiment, spans(before))
    await tracing.recordSpans(experiment, spans(after))
    await tracing.describeTrace(described(after, told))
    for (const id of [before, after])
      expect(await tracing.trace(id)).toMatchObject({
        name: 'told',
        run: 'r1',
        startedAt: STARTED,
        durationMs: 7,
        tokens: { total: 10 },
        request: 'hello',
        spans: 1,
      })
  })

  it('puts tags and metadata together with those that are there', async () => {
    const id = newId()
    await tracing.describeTrace(described(id, { tags: { a: '1', b: '1' }, metadata: { m: '1' } }))
    await tracing.describeTrace(described(id, { tags: { b: '2' }, metadata: { n: '2' } }))
    await tracing.tagTrace(id, { c: '3' })
    await tracing.untagTrace(id, 'a')
    expect(await tracing.trace(id)).toMatchObject({ tags: { b: '2', c: '3' }, metadata: { m: '1', n: '2' } })
    await expect(tracing.untagTrace(id, 'a')).rejects.toMatchObject({ code: 'ORRERY_TRACING_TAG_UNKNOWN' })
    await expect(tracing.tagTrace(newId(), { a: '1' })).rejects.toMatchObject({ code: 'ORRERY_TRACING_TRACE_UNKNOWN' })
  })

  it('refuses what belongs to no experiment', async () => {
    const unknown = { code: 'ORRERY_TRACKING_EXPERIMENT_UNKNOWN' }
    await expect(tracing.recordSpans('none', [span(newId(), 1)])).rejects.toMatchObject(unknown)
    await expect(tracing.describeTrace(described(newId(), { experiment: 'none' }))).rejects.toMatchObject(unknown)
    const { id } = await tracking.createExperiment({ name: 'gone' })
    await tracking.deleteExperiment(id)
    await expect(tracing.recordSpans(id, [span(newId(), 1)])).rejects.toMatchObject({
      code: 'ORRERY_TRACING_EXPERIMENT_IN_BIN',
    })
    await expect(tracing.describeTrace(described('x'))).rejects.toMatchObject({
      code: 'ORRERY_TRACING_TRACE_ID_INVALID',
    })
  })

  it('finds traces by everything that is known of them', async () => {
    const [a, b, c] = [newId(), newId(), newId()]
    const both = [a, b, c]
    await tracing.describeTrace(
      described(a, {
        name: 'chat',
        run: 'run-a',
        durationMs: 10,
        tags: { team: 'red' },
        metadata: { v: '1' },
        clientRequestId: 'c-1',
      }),
    )
    await tracing.describeTrace(
      described(b, { name: 'Chat', state: 'error', session: 'late', durationMs: 100, tags: { team: 'blue' } }),
    )
    await tracing.describeTrace(described(c, { startedAt: STARTED + 60_000, durationMs: null }))
    await tracing.recordSpans(experiment, [
      span(a, 1, {
        name: 'search',
        type: 'TOOL',
        attributes: { model: 'small', n: 5n, f: 1.5, 'a.b "c"': 'odd', $x: 'dollar' },
      }),
      span(a, 2, { name: 'answer', type: 'LLM', status: 'error', attributes: { text: 'größer' } }),
      span(b, 1, { name: 'answer', type: 'TOOL' }),
    ])
    await tracing.assess(a, assessment('score', 0.8))
    await tracing.assess(a, assessment('fits', true))
    await tracing.assess(b, assessment('score', 'high'))
    await tracing.linkTraces([b, newId()], { kind: 'run', target: 'run-a' })
    await tracing.linkTraces([b], { kind: 'prompt', target: 'greet/2' })

    const cases: [Condition[], string[]][] = [
      [[{ on: 'attribute', key: 'id', is: 'in', value: [a, c] }], [a, c]],
      [[{ on: 'attribute', key: 'state', is: '=', value: 'error' }], [b]],
      [[{ on: 'attribute', key: 'name', is: 'ilike', value: 'CH%' }], [a, b]],
      [[{ on: 'attribute', key: 'name', is: 'like', value: 'ch%' }], [a]],
      [
        [
          { on: 'attribute', key: 'session', is: 'present' },
          { on: 'attribute', key: 'session', is: '=', value: 'late' },
        ],
        [b],
      ],
      [[{ on: 'attribute', key: 'startedAt', is: '>', value: STARTED }], [c]],
      [[{ on: 'attribute', key: 'durationMs', is: '>=', value: 100 }], [b]],
      [[{ on: 'attribute', key: 'endedAt', is: '<=', value: STARTED + 10 }], [a]],
      [[{ on: 'attribute', key: 'clientRequestId', is: '=', value: 'c-1' }], [a]],
      [[{ on: 'tag', key: 'team', is: '!=', value: 'red' }], [b]],
      [
        [
          { on: 'tag', key: 'team', is: 'absent' },
          { on: 'attribute', key: 'id', is: 'in', value: both },
        ],
        [c],
      ],
      [[{ on: 'metadata', key: 'v', is: '=', value: '1' }], [a]],
      [[{ on: 'run', is: '=', value: 'run-a' }], [a, b]],
      [[{ on: 'prompt', is: '=', value: 'greet/2' }], [b]],
      [[{ on: 'span', key: 'name', is: '=', value: 'answer' }], [a, b]],
      // Both of one span, not each of some.
      [
        [
          { on: 'span', key: 'name', is: '=', value: 'answer' },
          { on: 'span', key: 'type', is: '=', value: 'TOOL' },
        ],
        [b],
      ],
      [[{ on: 'span', key: 'status', is: '=', value: 'error' }], [a]],
      [[{ on: 'span-attribute', key: 'model', is: 'like', value: 'sm%' }], [a]],
      [[{ on: 'span-attribute', key: 'n', is: '=', value: '5' }], [a]],
      [[{ on: 'span-attribute', key: '$x', is: '=', value: 'dollar' }], [a]],
      [[{ on: 'span-attribute', key: 'absent', is: '!=', value: 'x' }], []],
      [[{ on: 'text', is: 'ilike', value: '%größer%' }], [a]],
      [[{ on: 'assessment', kind: 'feedback', key: 'score', is: '>', value: 0.5 }], [a]],
      [[{ on: 'assessment', kind: 'feedback', key: 'score', is: '=', value: 'high' }], [b]],
      [[{ on: 'assessment', kind: 'feedback', key: 'fits', is: '=', value: 'true' }], [a]],
      [[{ on: 'assessment', kind: 'expectation', key: 'score', is: 'present' }], []],
    ]
    for (const [where, ids] of cases) expect([where, await found(where, both)]).toEqual([where, ids])
    const longest = await tracing.traces({
      experiments: [experiment],
      where: [{ on: 'attribute', key: 'id', is: 'in', value: both }],
      orderBy: [{ on: 'attribute', key: 'durationMs', direction: 'desc' }],
      limit: 2,
      offset: 0,
    })
    expect(longest.map(({ id }) => id)).toEqual([b, a])
    expect(await tracing.traces({ experiments: [], limit: 1, offset: 0 })).toEqual([])
  })

  it('takes assessments, changes and withdraws them', async () => {
    const id = newId()
    await tracing.describeTrace(described(id))
    const first = await tracing.assess(id, assessment('right', false))
    const second = await tracing.assess(id, { ...assessment('right', true), overrides: first.id })
    expect(await tracing.assessment(id, first.id)).toMatchObject({ valid: false, value: false })
    expect(await found([{ on: 'assessment', kind: 'feedback', key: 'right', is: '=', value: 'false' }], [id])).toEqual(
      [],
    )
    const changed = await tracing.changeAssessment(id, second.id, { value: [1, 'x'], metadata: { by: 'me' } })
    expect(changed).toMatchObject({ value: [1, 'x'], metadata: { by: 'me' }, rationale: 'because' })
    await expect(tracing.changeAssessment(id, second.id, { kind: 'expectation', value: 1 })).rejects.toMatchObject({
      code: 'ORRERY_TRACING_ASSESSMENT_KIND_DIFFERS',
    })
    await tracing.withdrawAssessment(id, second.id)
    await tracing.withdrawAssessment(id, second.id)
    expect((await tracing.trace(id)).assessments).toMatchObject([{ id: first.id, valid: true }])
    await expect(tracing.assessment(id, second.id)).rejects.toMatchObject({ status: 404 })
    await expect(tracing.assess(newId(), assessment('a', 1))).rejects.toMatchObject({
      code: 'ORRERY_TRACING_TRACE_UNKNOWN',
    })
  })

  it('keeps files of a trace', async () => {
    const id = newId()
    await tracing.describeTrace(described(id))
    await tracing.attach(id, 'attachments/a.png', Buffer.from('one'))
    await tracing.attach(id, 'attachments/a.png', Buffer.from('other'))
    const { file, size } = await tracing.openAttachment(id, 'attachments/a.png')
    expect([await readFile(file, 'utf8'), size]).toEqual(['other', 5])
    expect(await tracing.attachments(id)).toHaveLength(1)
    await expect(tracing.attach(id, '../up', Buffer.from(''))).rejects.toMatchObject({ status: 400 })
    await expect(tracing.attach(newId(), 'a', Buffer.from(''))).rejects.toMatchObject({ status: 404 })
    await expect(tracing.openAttachment(id, 'b')).rejects.toMatchObject({ status: 404 })
  })

  it('deletes the oldest first, with all that belongs to them', async () => {
    const other = (await tracking.createExperiment({ name: 'short lived' })).id
    const ids = Array.from({ length: 450 }, newId)
    await tracing.recordSpans(
      other,
      ids.map((id, i) => span(id, 1, { at: i, attributes: { i: BigInt(i) } })),
    )
    await tracing.assess(ids[0]!, assessment('a', 1))
    const until = { experiment: other, startedUntil: STARTED + 420 }
    expect(await tracing.deleteTraces({ ...until, limit: 1 })).toBe(1)
    await expect(tracing.trace(ids[0]!)).rejects.toMatchObject({ code: 'ORRERY_TRACING_TRACE_UNKNOWN' })
    expect(await tracing.spans(ids[0]!)).toEqual([])
    expect(await tracing.deleteTraces({ ...until, limit: 100_000 })).toBe(420)
    expect(await tracing.deleteTraces({ experiment: experiment, ids: [ids[430]!], limit: 10 })).toBe(0)
    expect(await tracing.deleteTraces({ experiment: other, ids: [ids[430]!, newId()], limit: 10 })).toBe(1)
    const left = (await tracing.tracedExperiments()).find(({ id }) => id === other)
    expect(left).toEqual({ id: other, name: 'short lived', traces: 28, latestAt: STARTED + 449 })
  })

  it('loses nothing of a trace that many write to at once', async () => {
    const id = newId()
    const writes = Array.from({ length: 40 }, (_, i) =>
      tracing.recordSpans(experiment, [
        span(id, i + 1, {
          parent: i === 0 ? null : '0000000000000001',
          at: 40 - i,
          tokens: i === 0 ? null : { input: 1, output: 0, total: 1 },
        }),
      ]),
    )
    await Promise.all([...writes, tracing.describeTrace(described(id, { name: 'together', tags: { t: '1' } }))])
    expect(await tracing.trace(id)).toMatchObject({
      name: 'together',
      spans: 40,
      tokens: { total: 39 },
      tags: { t: '1' },
      durationMs: 50,
    })
  })
})

function deep(levels: number): AttributeValue {
  return levels === 0 ? {} : { in: deep(levels - 1) }
}

function assessment(name: string, value: unknown) {
  return {
    name,
    kind: 'feedback' as const,
    span: null,
    source: { type: 'HUMAN', id: 'ann' },
    value,
    error: null,
    rationale: 'because',
    metadata: {},
    overrides: null,
  }
}
