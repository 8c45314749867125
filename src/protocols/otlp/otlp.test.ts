import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { join } from 'node:path'
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import type protobuf from 'protobufjs/light.js'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openBlobFolder } from '#platform/blobs'
import { eventMigrations, openEvents } from '#platform/events'
import { type HttpServer, openHttp } from '#platform/http'
import { openLog } from '#platform/log'
import { onEveryDatabase } from '#platform/testing'
import { systemClock } from '#platform/time'
import { openTracing, type Tracing, tracingMigrations } from '#tracing'
import { openTracking, trackingMigrations } from '#tracking'
import { LARGEST_BODY } from './body.ts'
import { mountOtlp } from './index.ts'
import { ExportRequest, ExportResponse, Failure, SpanMessage } from './schema.ts'

const PROTOBUF = 'application/x-protobuf'
const START = 1_767_225_600_000_000_001n

/** The protocol, request by request; the real SDK speaks it in tests/journeys/mlflow-traces.test.ts. */
onEveryDatabase('otlp', [...eventMigrations, ...trackingMigrations, ...tracingMigrations], (storage) => {
  let folder: string
  let http: HttpServer
  let tracing: Tracing
  let experiment: string
  let next = 1

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-otlp-'))
    const log = openLog({ level: 'silent' })
    const needs = { storage: storage(), blobs: await openBlobFolder(folder), clock: systemClock }
    const tracking = openTracking({ ...needs, events: openEvents({ ...needs, log }) })
    tracing = openTracing({ ...needs, tracking })
    experiment = (await tracking.createExperiment({ name: 'bot' })).id
    http = await openHttp({ log, version: '0', authorize: async () => ({ name: 'test', roles: ['engineer'] }) })
    mountOtlp(http, { ...needs, tracking, tracing })
    await http.fastify.listen({ port: 0, host: '127.0.0.1' })
  })
  afterAll(async () => {
    await http.fastify.close()
    await rm(folder, { recursive: true })
  })

  const newId = () => (next++).toString(16).padStart(32, '0')

  async function send(body: Uint8Array | string, headers: Record<string, string> = {}) {
    const { port } = http.fastify.server.address() as { port: number }
    const answer = await fetch(`http://127.0.0.1:${port}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': PROTOBUF, 'x-mlflow-experiment-id': experiment, ...headers },
      body: typeof body === 'string' ? body : new Uint8Array(body),
    })
    const bytes = Buffer.from(await answer.arrayBuffer())
    return { status: answer.status, type: answer.headers.get('content-type'), bytes }
  }
  const failureIn = ({ bytes }: { bytes: Buffer }) =>
    Failure.decode(bytes).toJSON() as { code: number; message: string }

  const sent = (traceId: string, fields: object = {}) => ({
    traceId: Buffer.from(traceId, 'hex'),
    spanId: Buffer.from('00000000000000ab', 'hex'),
    name: 'step',
    startTimeUnixNano: String(START),
    endTimeUnixNano: String(START + 5_000_000n),
    ...fields,
  })
  const encoded = (spans: object[], resource: object[] = []) =>
    Buffer.from(
      ExportRequest.encode(
        ExportRequest.fromObject({
          resourceSpans: [
            {
              resource: { attributes: resource },
              scopeSpans: [{ spans: spans.map((span) => SpanMessage.encode(SpanMessage.fromObject(span)).finish()) }],
            },
          ],
        }),
      ).finish(),
    )

  it('keeps spans sent as protocol buffers', async () => {
    const id = newId()
    const values = {
      text: { stringValue: 'ä' },
      whole: { intValue: '9007199254740993' },
      negative: { intValue: '-2' },
      fraction: { doubleValue: 1 },
      yes: { boolValue: true },
      no: { boolValue: false },
      empty: { stringValue: '' },
      bytes: { bytesValue: Buffer.from('abc') },
      nothing: {},
      list: { arrayValue: { values: [{ intValue: 1 }, { stringValue: 'x' }] } },
      none: { arrayValue: {} },
      map: { kvlistValue: { values: [{ key: 'k', value: { doubleValue: 0.5 } }] } },
    }
    const attributes = Object.entries(values).map(([key, value]) => ({ key, value }))
    const resource = [
      { key: 'service.name', value: { stringValue: 'shop' } },
      { key: 'telemetry.sdk.name', value: { stringValue: 'opentelemetry' } },
      { key: 'mlflow.trace.spansLocation', value: { stringValue: 'elsewhere' } },
    ]
    const answer = await send(
      encoded(
        [
          sent(id, {
            attributes,
            status: { code: 2, message: 'broken' },
            events: [{ name: 'exception', timeUnixNano: String(START + 1n), attributes }],
            links: [
              { traceId: Buffer.alloc(16, 7), spanId: Buffer.alloc(8, 7) },
              { traceId: Buffer.alloc(20, 7), spanId: Buffer.alloc(8, 7) },
            ],
          }),
        ],
        resource,
      ),
    )
    expect(answer).toMatchObject({ status: 200, type: PROTOBUF, bytes: Buffer.alloc(0) })
    const [span] = await tracing.spans(`tr-${id}`)
    expect(span).toMatchObject({
      parent: null,
      status: 'error',
      message: 'broken',
      startedNs: START,
      endedNs: START + 5_000_000n,
      attributes: {
        text: 'ä',
        whole: 9_007_199_254_740_993n,
        negative: -2n,
        fraction: 1,
        yes: true,
        no: false,
        empty: '',
        bytes: 'YWJj',
        nothing: null,
        list: [1n, 'x'],
        none: [],
        map: { k: 0.5 },
      },
      links: [{ trace: `tr-${'07'.repeat(16)}`, span: '07'.repeat(8) }],
    })
    expect(span!.events[0]).toMatchObject({
      name: 'exception',
      atNs: START + 1n,
      attributes: { whole: 9_007_199_254_740_993n },
    })
    expect(await tracing.trace(`tr-${id}`)).toMatchObject({
      experiment: 'bot',
      state: 'error',
      tags: { 'service.name': 'shop' },
    })
    expect(Object.keys((await tracing.trace(`tr-${id}`)).tags)).toEqual(['service.name'])
  })

  it('keeps spans sent as JSON', async () => {
    const id = newId()
    const request = {
      resourceSpans: [
        {
          scopeSpans: [
            {
              spans: [
                {
                  traceId: id.toUpperCase(),
                  spanId: 'EEE19B7EC3C1B174',
                  parentSpanId: '',
                  name: 'I am a span',
                  startTimeUnixNano: String(START),
                  endTimeUnixNano: Number(START + 5_000n),
                  kind: 2,
                  status: { code: 'STATUS_CODE_OK' },
                  attributes: [
                    { key: 'n', value: { intValue: '7' } },
                    { key: 'm', value: { intValue: 7 } },
                    { key: 'd', value: { doubleValue: 'NaN' } },
                  ],
                  unknownField: 1,
                },
              ],
            },
          ],
        },
      ],
    }
    const answer = await send(JSON.stringify(request), { 'content-type': 'application/json; charset=utf-8' })
    expect([answer.status, answer.bytes.toString()]).toEqual([200, '{}'])
    expect((await tracing.spans(`tr-${id}`))[0]).toMatchObject({
      id: 'eee19b7ec3c1b174',
      parent: null,
      status: 'ok',
      attributes: { n: 7n, m: 7n, d: 'NaN' },
    })
  })

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
    ['identity', (body: Buffer) => body],
  ])('unpacks %s', async (encoding, pack) => {
    const id = newId()
    expect((await send(pack(encoded([sent(id)])), { 'content-encoding': encoding })).status).toBe(200)
    expect((await tracing.trace(`tr-${id}`)).spans).toBe(1)
  })

  it('understands the conventions for generative AI', async () => {
    const [a, b, c] = [newId(), newId(), newId()]
    const attributes = (values: Record<string, object>) =>
      Object.entries(values).map(([key, value]) => ({ key, value }))
    await send(
      encoded([
        sent(a, {
          attributes: attributes({
            'gen_ai.operation.name': { stringValue: 'chat' },
            'gen_ai.usage.input_tokens': { intValue: 3 },
            'gen_ai.usage.output_tokens': { intValue: 4 },
            'gen_ai.input.messages': { stringValue: '[{"role":"user","parts":[]}]' },
            'gen_ai.conversation.id': { stringValue: 'talk' },
          }),
        }),
        sent(b, {
          attributes: attributes({
            'openinference.span.kind': { stringValue: 'RETRIEVER' },
            'input.value': { stringValue: 'q' },
            'output.value': { stringValue: 'a' },
            'llm.token_count.total': { intValue: 5 },
            'user.id': { stringValue: 'ann' },
          }),
        }),
        sent(c, {
          attributes: attributes({
            'mlflow.spanType': { stringValue: 'AGENT' },
            'mlflow.chat.tokenUsage': {
              kvlistValue: {
                values: [
                  { key: 'input_tokens', value: { intValue: 1 } },
                  { key: 'output_tokens', value: { intValue: 2 } },
                  { key: 'total_tokens', value: { intValue: 3 } },
                ],
              },
            },
            'mlflow.traceTag.team': { stringValue: 'red' },
          }),
        }),
      ]),
    )
    expect((await tracing.spans(`tr-${a}`))[0]).toMatchObject({
      type: 'CHAT_MODEL',
      inputsKey: 'gen_ai.input.messages',
    })
    expect(await tracing.trace(`tr-${a}`)).toMatchObject({ session: 'talk', tokens: { input: 3, output: 4, total: 7 } })
    expect((await tracing.spans(`tr-${b}`))[0]).toMatchObject({ type: 'RETRIEVER' })
    expect(await tracing.trace(`tr-${b}`)).toMatchObject({
      request: 'q',
      response: 'a',
      tokens: null,
      metadata: { 'mlflow.trace.user': 'ann' },
    })
    expect(await tracing.trace(`tr-${c}`)).toMatchObject({ tokens: { total: 3 }, tags: { team: 'red' } })
  })

  it('takes traces that name no experiment into the default one, and links them to a run', async () => {
    const id = newId()
    await send(encoded([sent(id)]), { 'x-mlflow-experiment-id': '', 'x-mlflow-run-id': 'run-1' })
    expect(await tracing.trace(`tr-${id}`)).toMatchObject({ experiment: 'Default' })
    const ofRun = await tracing.traces({ where: [{ on: 'run', is: '=', value: 'run-1' }], limit: 5, offset: 0 })
    expect(ofRun.map((trace) => trace.id)).toEqual([`tr-${id}`])
  })

  it('keeps the good spans of a batch, and says what it left out', async () => {
    const id = newId()
    const bad = [
      sent(id, { spanId: Buffer.alloc(3) }),
      sent(id, { traceId: Buffer.alloc(4, 1) }),
      sent(id, { startTimeUnixNano: '0' }),
    ]
    const request = ExportRequest.decode(encoded([sent(id), ...bad])) as protobuf.Message & {
      resourceSpans: { scopeSpans: { spans: Uint8Array[] }[] }[]
    }
    const { spans } = request.resourceSpans[0]!.scopeSpans[0]!
    spans.push(spans[0]!.subarray(0, 20))
    const answer = await send(Buffer.from(ExportRequest.encode(request).finish()))
    expect(answer.status).toBe(200)
    const { partialSuccess } = ExportResponse.decode(answer.bytes).toJSON() as {
      partialSuccess: { rejectedSpans: string; errorMessage: string }
    }
    expect(partialSuccess.rejectedSpans).toBe('4')
    expect(partialSuccess.errorMessage).toContain('is no id of a trace')
    expect(await tracing.trace(`tr-${id}`)).toMatchObject({ spans: 1 })
  })

  it.each<[string, () => Uint8Array | string, Record<string, string>, number, string]>([
    ['a truncated request', () => encoded([sent(newId())]).subarray(0, 40), {}, 400, 'cannot be read'],
    ['bytes that mean nothing', () => Buffer.from([255, 255, 255, 255]), {}, 400, 'cannot be read'],
    ['nothing', () => Buffer.alloc(0), {}, 400, 'no spans'],
    ['no spans', () => encoded([]), {}, 400, 'no spans'],
    ['text that is no JSON', () => '{"resourceSpans":', { 'content-type': 'application/json' }, 400, 'cannot be read'],
    ['JSON of another form', () => '{"resourceSpans":{}}', { 'content-type': 'application/json' }, 400, 'no list'],
    ['a list', () => '[]', { 'content-type': 'application/json' }, 400, 'object was expected'],
    ['another type', () => encoded([sent(newId())]), { 'content-type': 'text/plain' }, 400, 'content type'],
    ['an unknown packing', () => encoded([sent(newId())]), { 'content-encoding': 'br' }, 400, 'encoding "br"'],
    ['what is no gzip', () => encoded([sent(newId())]), { 'content-encoding': 'gzip' }, 400, 'no gzip'],
    ['too much', () => Buffer.alloc(LARGEST_BODY + 1), {}, 413, 'larger than'],
    [
      'a little that unpacks to too much',
      () => gzipSync(Buffer.alloc(LARGEST_BODY + 1)),
      { 'content-encoding': 'gzip' },
      413,
      'larger than',
    ],
    [
      'an experiment that is none',
      () => encoded([sent(newId())]),
      { 'x-mlflow-experiment-id': 'x' },
      404,
      'no experiment x',
    ],
  ])('refuses %s', async (_, body, headers, status, message) => {
    const answer = await send(body(), headers)
    expect(answer.status).toBe(status)
    const told =
      headers['content-type'] === 'application/json' ? JSON.parse(answer.bytes.toString()) : failureIn(answer)
    expect(told.message).toContain(message)
    expect(told.code).toBeGreaterThan(0)
  })

  it('refuses values that are nested without end', async () => {
    const id = newId()
    let value: object = { stringValue: 'x' }
    for (let i = 0; i < 90; i++) value = { arrayValue: { values: [value] } }
    const attributes = [{ key: 'deep', value }]
    const json = { traceId: id, spanId: '00000000000000ab', startTimeUnixNano: String(START), attributes }
    const request = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [json] }] }] })
    const answer = await send(request, { 'content-type': 'application/json' })
    expect([answer.status, JSON.parse(answer.bytes.toString()).partialSuccess.rejectedSpans]).toEqual([200, '1'])
  })

  it('takes 100,000 spans at once, and answers others meanwhile', { timeout: 60_000 }, async () => {
    const id = newId()
    const root = Buffer.from('00000000000000ff', 'hex')
    const spans = Array.from({ length: 100_000 }, (_, i) =>
      sent(id, { spanId: Buffer.from((i + 1_000).toString(16).padStart(16, '0'), 'hex'), parentSpanId: root }),
    )
    const body = gzipSync(encoded(spans))
    const delay = monitorEventLoopDelay({ resolution: 5 })
    delay.enable()
    expect((await send(body, { 'content-encoding': 'gzip' })).status).toBe(200)
    delay.disable()
    expect(await tracing.trace(`tr-${id}`)).toMatchObject({ spans: 100_000, state: 'in_progress' })
    // In one go they would hold up everybody for seconds.
    expect(delay.max / 1e6).toBeLessThan(500)
    await tracing.deleteTraces({ ids: [`tr-${id}`], limit: 1 })
  })

  it('takes a span with very large attributes', async () => {
    const id = newId()
    const large = 'x'.repeat(12 * 1024 * 1024)
    const attributes = [{ key: 'mlflow.spanInputs', value: { stringValue: large } }]
    expect((await send(encoded([sent(id, { attributes })]))).status).toBe(200)
    expect((await tracing.span(`tr-${id}`, '00000000000000ab')).attributes['mlflow.spanInputs']).toHaveLength(
      large.length,
    )
    expect((await tracing.trace(`tr-${id}`)).request).toHaveLength(1_000)
  })
})
