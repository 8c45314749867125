import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type HttpServer, openHttp } from '#platform/http'
import { openSqlite, type Storage } from '#platform/storage'
import { systemClock } from '#platform/time'
import { servingMigrations } from './migrations.ts'
import { mountServing } from './routes.ts'
import { alone, PATIENT, silent, testEndpoints, trainPackage } from './serving.fixture.ts'
import { openServing, type Serving } from './serving.ts'

const RECORD = { tenure: 3, charges: 80, plan: 'monthly' }

describe('the routes of serving', () => {
  let folder: string
  let storage: Storage
  let serving: Serving
  let http: HttpServer
  let url: string
  const asked: string[] = []

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-serving-'))
    storage = await openSqlite({ file: join(folder, 'test.db'), durability: 'process' })
    await storage.migrate(servingMigrations)
    const endpoints = testEndpoints({ 1: trainPackage(1), 2: trainPackage(2), 3: trainPackage(3, 'multiclass') })
    endpoints.set('retention', { stable: alone(1) })
    endpoints.set('band', { stable: alone(3) })
    endpoints.set('empty', {})
    const journal = join(folder, 'predictions')
    serving = openServing({ storage, clock: systemClock, log: silent, endpoints, limits: PATIENT, journal })
    http = await openHttp({
      log: silent,
      version: '0',
      authorize: async (_, permission) => {
        asked.push(permission)
        return { name: 'local', roles: ['admin'] }
      },
    })
    mountServing(http, serving)
    await serving.warmAll()
    url = await http.fastify.listen({ port: 0, host: '127.0.0.1' })
  })
  afterAll(async () => {
    await http.fastify.close()
    await serving.close()
    await storage.close()
    await rm(folder, { recursive: true })
  })

  /** Over a connection, as clients do: what is injected into the router never meets the way past it. */
  async function send(method: 'GET' | 'POST', path: string, payload?: unknown, headers: Record<string, string> = {}) {
    const type: Record<string, string> = payload === undefined ? {} : { 'content-type': 'application/json' }
    const body = typeof payload === 'string' ? payload : JSON.stringify(payload)
    const reply = await fetch(url + path, {
      method,
      headers: { ...type, ...headers },
      ...(body !== undefined && { body }),
    })
    return { status: reply.status, body: JSON.parse(await reply.text()) }
  }

  it('predict, labels and logged predictions, over HTTP', async () => {
    const { status, body } = await send('POST', '/predict/retention', { records: [RECORD, RECORD], ids: ['a', 'b'] })
    expect(status).toBe(200)
    expect(body).toEqual({
      model: 'churn',
      predictions: ['a', 'b'].map((id) => ({
        id,
        value: expect.any(Number),
        label: expect.stringMatching(/^(yes|no)$/),
        probabilities: { no: expect.any(Number), yes: expect.any(Number) },
        version: 1,
      })),
    })
    const told = await send('POST', '/feedback', {
      labels: [
        { id: 'a', label: 'yes' },
        { id: 'zzz', label: 1 },
      ],
    })
    expect(told.body).toEqual({ joined: 1, repeated: 0, corrected: 0, unknown: ['zzz'], refused: [] })

    const page = (await send('GET', '/api/endpoints/retention/predictions?limit=1')).body
    expect(page.predictions).toMatchObject([{ id: 'b', endpoint: 'retention', inputs: RECORD, groundTruth: null }])
    const next = (await send('GET', `/api/endpoints/retention/predictions?limit=1&cursor=${page.next}`)).body
    expect(next.predictions).toMatchObject([{ id: 'a', groundTruth: { label: 'yes', eventTime: null } }])
    expect((await send('GET', '/api/endpoints/retention/predictions?labelled=yes')).body.predictions).toHaveLength(1)
    expect((await send('GET', '/api/predictions/a')).body).toEqual(next.predictions[0])
    expect((await send('GET', '/api/predictions/nobody')).body.error).toMatchObject({
      code: 'ORRERY_SERVING_PREDICTION_UNKNOWN',
    })
    expect(asked).toEqual(expect.arrayContaining(['serving:predict', 'serving:feedback', 'serving:read']))
  })

  it('what people say of answers, over HTTP, beside labels or alone', async () => {
    await send('POST', '/predict/retention', { records: [RECORD], ids: ['said'] })
    const { status, body } = await send('POST', '/feedback', {
      feedback: [
        { prediction: 'said', rating: 'down', person: 'Ann' },
        { endpoint: 'nowhere', rating: 5 },
      ],
      labels: [{ id: 'said', label: 'no' }],
    })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      joined: 1,
      feedback: { kept: 1, refused: [{ index: 1, reason: expect.stringContaining('nowhere') }] },
    })
    expect((await send('GET', '/api/predictions/said/feedback')).body.feedback).toMatchObject([
      { rating: 1, person: 'Ann', sender: 'local', endpoint: 'retention', tags: [] },
    ])
    const page = await send('GET', '/api/endpoints/retention/feedback?limit=1&tag=none')
    expect(page.body).toEqual({ feedback: [], next: null })
    const { body: summary } = await send('GET', '/api/endpoints/retention/feedback/summary?by=hour')
    expect(summary).toMatchObject({ count: 1, meanRating: 1, low: 1, people: 1, disagreeShare: null })
    for (const [wrong, words] of [
      [{}, 'labels'],
      [{ feedback: [{ rating: 3 }] }, 'prediction'],
      [{ feedback: [{ prediction: 'said' }] }, 'rating'],
      [{ feedback: [{ prediction: 'said', rating: 6 }] }, 'rating'],
      [{ feedback: [{ prediction: 'said', comment: 'x'.repeat(4001) }] }, 'comment'],
      [{ feedback: [{ prediction: 'said', rating: 1, time: 'soon' }] }, 'no time'],
    ] as const) {
      const refused = await send('POST', '/feedback', wrong)
      expect(refused.status, JSON.stringify(wrong).slice(0, 80)).toBeGreaterThanOrEqual(400)
      expect(JSON.stringify(refused.body), JSON.stringify(wrong).slice(0, 80)).toContain(words)
      expect(refused.status).toBeLessThan(500)
    }
    expect((await send('GET', '/api/endpoints/nobody/feedback/summary')).status).toBe(404)
  })

  it('takes CSV for the records that it stands for', async () => {
    const records = [RECORD, { ...RECORD, tenure: null, plan: null }]
    const csv = (text: string) =>
      send('POST', '/predict/retention', text, { 'content-type': 'text/csv; charset=utf-8' })
    const expected = (await send('POST', '/predict/retention', { records })).body.predictions
    const { status, body } = await csv('tenure,charges,plan,note\r\n3,80,monthly,"a, b"\r\n,80,,\r\n')
    expect(status).toBe(200)
    expect(body.predictions.map((one: { value: number }) => one.value)).toEqual(
      expected.map((one: { value: number }) => one.value),
    )
    const logged = (await send('GET', `/api/predictions/${body.predictions[0].id}`)).body
    expect(logged.inputs).toEqual({ ...RECORD, note: 'a, b' })
    for (const [text, code, words] of [
      ['tenure,charges,plan\nabc,80,monthly', 'ORRERY_RUNTIME_RECORD_INVALID', '"abc"'],
      ['tenure,charges\n3,80', 'ORRERY_RUNTIME_RECORD_INVALID', 'plan'],
      ['tenure,charges,plan\n3,80', 'ORRERY_CSV_UNREADABLE', 'Record Length'],
    ] as const) {
      const refused = await csv(text)
      expect(refused.body.error).toMatchObject({ code, message: expect.stringContaining(words) })
    }
  })

  it('answers a multiclass model with all its probabilities, the same again from the log', async () => {
    const ask = () => send('POST', '/predict/band', { records: [RECORD], ids: ['m'] })
    const { body } = await ask()
    const { probabilities, label, value } = body.predictions[0]
    expect(Object.keys(probabilities)).toEqual(['low', 'middle', 'high'])
    expect(Object.values<number>(probabilities).reduce((a, b) => a + b)).toBeCloseTo(1, 6)
    expect(value).toBe(probabilities[label])
    expect(value).toBe(Math.max(...Object.values<number>(probabilities)))
    expect((await ask()).body).toEqual(body)
  })

  it('takes the request id for the prediction id, so that a repeated request is one prediction', async () => {
    const ask = (records: unknown[]) => send('POST', '/predict/retention', { records }, { 'x-request-id': 'call-7' })
    const first = await ask([RECORD])
    expect(first.body.predictions[0].id).toBe('call-7')
    expect((await ask([RECORD])).body).toEqual(first.body)
    expect((await ask([RECORD, RECORD])).body.predictions.map((one: { id: string }) => one.id)).toEqual([
      'call-7.0',
      'call-7.1',
    ])
    // One id for everything is no repetition: other records get an answer and an id of their own.
    const other = await ask([{ ...RECORD, tenure: 70 }])
    expect(other.body.predictions[0].id).not.toBe('call-7')
    expect(other.body.predictions[0].value).not.toBe(first.body.predictions[0].value)
    const elsewhere = await send('POST', '/predict/band', { records: [RECORD] }, { 'x-request-id': 'call-7' })
    expect(elsewhere.status).toBe(200)
    const together = await Promise.all(
      [1, 30, 60].map((tenure) =>
        send('POST', '/predict/retention', { records: [{ ...RECORD, tenure }] }, { 'x-request-id': 'call-8' }),
      ),
    )
    expect(new Set(together.map(({ body }) => body.predictions[0].id)).size).toBe(3)
  })

  it.each([
    [
      'a text for a number',
      { records: [{ ...RECORD, tenure: 'abc' }] },
      422,
      'ORRERY_RUNTIME_RECORD_INVALID',
      'tenure',
    ],
    [
      'a missing feature',
      { records: [RECORD, { tenure: 1, charges: 1 }] },
      422,
      'ORRERY_RUNTIME_RECORD_INVALID',
      'Record 1',
    ],
    ['a nested value', { records: [{ ...RECORD, plan: {} }] }, 400, 'ORRERY_REQUEST_INVALID', 'plan'],
    ['no records', { records: [] }, 400, 'ORRERY_REQUEST_INVALID', 'records'],
    ['no object', [], 400, 'ORRERY_REQUEST_INVALID', ''],
    [
      'too few ids',
      { records: [RECORD, RECORD], ids: ['x'] },
      422,
      'ORRERY_SERVING_PREDICTION_IDS_INVALID',
      '1 ids for 2',
    ],
    ['broken JSON', '{"records": [', 400, 'ORRERY_REQUEST_NOT_ACCEPTED', ''],
  ])('refuse %s', async (_, payload, status, code, words) => {
    const reply = await send('POST', '/predict/retention', payload, { 'content-type': 'application/json' })
    expect(reply.status).toBe(status)
    expect(reply.body.error).toMatchObject({ code, hint: expect.any(String) })
    expect(reply.body.error.message).toContain(words)
  })

  it('show which models are in memory, for whom, and the same to Prometheus', async () => {
    const { status, body } = await send('GET', '/api/serving/models')
    expect(status).toBe(200)
    const found = new Map(body.models.map((one: { name: string }) => [one.name, one]))
    expect(found.get('churn@1')).toMatchObject({
      ...{ loaded: true, placement: 'inline', loads: 1, evictions: 0, processEnds: 0, problem: null },
      endpoints: ['retention'],
    })
    const taken = body.models.reduce((sum: number, one: { bytes: number }) => sum + one.bytes, 0)
    expect(body).toMatchObject({ budgetBytes: 2 * 1024 ** 3, usedBytes: taken })
    expect(body.serverBytes).toBeGreaterThan(taken)
    const metrics = await serving.metrics.metrics()
    expect(metrics).toMatch(/orrery_model_memory_bytes\{model="churn@1",placement="inline"\} \d{3,}/)
    expect(metrics).toContain('orrery_model_loads_total{model="churn@1"} 1')
    expect(metrics).toContain(`orrery_model_memory_budget_bytes ${2 * 1024 ** 3}`)
  })

  it('name what is not there, and say when nothing can answer', async () => {
    const unknown = await send('POST', '/predict/retension', { records: [RECORD] })
    expect([unknown.status, unknown.body.error.code]).toEqual([404, 'ORRERY_SERVING_ENDPOINT_UNKNOWN'])
    const empty = await send('POST', '/predict/empty', { records: [RECORD] })
    expect([empty.status, empty.body.error.code]).toEqual([503, 'ORRERY_SERVING_ENDPOINT_NOT_READY'])
    // One that waits for its first version does not make the server unready.
    expect(serving.problems()).toEqual([])
    for (const url of ['status', 'predictions'])
      expect((await send('GET', `/api/endpoints/retension/${url}`)).status).toBe(404)
    expect((await send('GET', '/api/endpoints/empty/status')).body).toMatchObject({ ready: false, versions: [] })
  })

  it('show how an endpoint serves, and the same to Prometheus', async () => {
    const before = (await send('GET', '/api/endpoints/retention/status')).body
    await send('POST', '/predict/retention', { records: [RECORD, RECORD, RECORD] })
    await send('POST', '/predict/retention', { records: [{}] })
    const { body: status } = await send('GET', '/api/endpoints/retention/status')
    expect(status).toMatchObject({ endpoint: 'retention', ready: true, failed: 0, droppedLogRecords: 0 })
    expect(status.predictions).toBe(before.predictions + 3)
    expect(status.refused).toBe(before.refused + 1)
    expect(status.versions).toHaveLength(1)
    expect(status.versions[0].served).toBe(before.versions[0].served + 3)
    expect(status.versions[0].p99Ms).toBeGreaterThanOrEqual(status.versions[0].p50Ms)
    expect(status.versions[0].p50Ms).toBeGreaterThan(0)

    const text = await serving.metrics.metrics()
    expect(text).toContain(
      `orrery_predictions_total{endpoint="retention",version="1",route="stable"} ${status.versions[0].served}`,
    )
    expect(text).toContain(`orrery_prediction_failures_total{endpoint="retention",reason="refused"} ${status.refused}`)
    expect(text).toContain('orrery_prediction_log_dropped_total{endpoint="retention"} 0')
    expect(text).toMatch(/orrery_prediction_duration_seconds_count\{endpoint="retention"\} [1-9]/)
    // Names that callers make up are no label values.
    expect(text).not.toContain('retension')
  })
})
