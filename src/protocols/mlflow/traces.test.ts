import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBlobFolder } from '#platform/blobs'
import { eventMigrations, openEvents } from '#platform/events'
import { type HttpServer, openHttp } from '#platform/http'
import { openLog } from '#platform/log'
import { onEveryDatabase } from '#platform/testing'
import { systemClock } from '#platform/time'
import { openRegistry } from '#registry'
import { openTracing, type Tracing, tracingMigrations } from '#tracing'
import { openTracking, type Tracking, trackingMigrations } from '#tracking'
import { openWebhooks } from '#webhooks'
import { mountMlflow } from './index.ts'
import { webhookLanguage } from './webhook-messages.ts'
import { spansFile, spansInFile } from './span-entities.ts'

const STARTED = Date.UTC(2026, 0, 1)

/** Traces in MLflow's language, request by request; the real client speaks it in tests/journeys/mlflow-traces.test.ts. */
onEveryDatabase('mlflow traces', [...eventMigrations, ...trackingMigrations, ...tracingMigrations], (storage) => {
  let folder: string
  let http: HttpServer
  let tracing: Tracing
  let tracking: Tracking
  let experiment: string
  let next = 1

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-mlflow-traces-'))
    const log = openLog({ level: 'silent' })
    const needs = { storage: storage(), blobs: await openBlobFolder(folder), clock: systemClock }
    const events = openEvents({ ...needs, log })
    tracking = openTracking({ ...needs, events })
    tracing = openTracing({ ...needs, tracking })
    experiment = (await tracking.createExperiment({ name: 'bot' })).id
    http = await openHttp({ log, version: '0', authorize: async () => ({ name: 'test', roles: ['engineer'] }) })
    const registry = openRegistry({ ...needs, events, tracking, deploymentsOf: async () => [] })
    const webhooks = openWebhooks({ ...needs, events, log, reach: 'any', language: webhookLanguage })
    mountMlflow(http, { ...needs, tracking, registry, webhooks, tracing })
    await http.fastify.listen({ port: 0, host: '127.0.0.1' })
  })
  afterAll(async () => {
    await http.fastify.close()
    await rm(folder, { recursive: true })
  })

  async function call(method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE', path: string, payload?: object) {
    const response = await http.fastify.inject({ method, url: `/api/${path}`, ...(payload && { payload }) })
    return { status: response.statusCode, body: response.json() }
  }
  const newId = () => `tr-${(next++).toString(16).padStart(32, '0')}`
  const info = (id: string, fields: object = {}) => ({
    trace_id: id,
    trace_location: { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: experiment } },
    request_time: new Date(STARTED).toISOString(),
    execution_duration: '0.250s',
    state: 'OK',
    ...fields,
  })
  const start = async (fields: object = {}, id = newId()) => {
    const { status, body } = await call('POST', '3.0/mlflow/traces', { trace: { trace_info: info(id, fields) } })
    expect([status, body]).toEqual([200, expect.anything()])
    return body.trace.trace_info as { trace_id: string; tags: Record<string, string> }
  }
  const search = async (filter: string, rest: object = {}) =>
    call('POST', '3.0/mlflow/traces/search', {
      locations: [{ type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: experiment } }],
      filter,
      ...rest,
    })
  const span = (number: number) => ({
    id: number.toString(16).padStart(16, '0'),
    parent: number === 1 ? null : '0000000000000001',
    name: 'step',
    type: 'TOOL',
    status: 'unset' as const,
    message: '',
    startedNs: BigInt(STARTED) * 1_000_000n + 7n,
    endedNs: null,
    attributes: { in: { q: 1n, f: 1 }, list: ['a', null] },
    events: [],
    links: [],
    inputsKey: 'in',
    outputsKey: null,
    tokens: null,
  })

  it('keeps what a client tells of a trace, and tells it again', async () => {
    const fields = {
      client_request_id: 'c-1',
      request_preview: 'why?',
      response_preview: 'because',
      trace_metadata: {
        'mlflow.sourceRun': 'r-1',
        'mlflow.trace.tokenUsage': '{"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}',
      },
      tags: { 'mlflow.traceName': 'agent', team: 'red', 'mlflow.trace.spansLocation': 'ARCHIVE_REPO' },
    }
    const { trace_id } = await start(fields)
    const { body } = await call('GET', `3.0/mlflow/traces/${trace_id}`)
    expect(body.trace.trace_info).toEqual({
      ...info(trace_id),
      ...fields,
      execution_duration: '0.25s',
      tags: {
        'mlflow.traceName': 'agent',
        team: 'red',
        'mlflow.artifactLocation': `mlflow-artifacts:/${experiment}/traces/${trace_id}/artifacts`,
      },
      assessments: [],
    })
    expect(await tracing.trace(trace_id)).toMatchObject({ run: 'r-1', tokens: { total: 7 }, name: 'agent' })
  })

  it('says where the spans are once there are some', async () => {
    const { trace_id } = await start({ trace_metadata: { 'mlflow.trace.sizeStats': '{"num_spans": 2}' } })
    await tracing.recordSpans(experiment, [{ ...span(2), trace: trace_id }])
    expect((await call('GET', `3.0/mlflow/traces/batchGet?trace_ids=${trace_id}`)).body.traces).toEqual([])
    const partial = await call('GET', `3.0/mlflow/traces/get?trace_id=${trace_id}&allow_partial=True`)
    expect(partial.body.trace.spans).toHaveLength(1)
    // The second span comes while the client waits.
    const waiting = call('GET', `3.0/mlflow/traces/get?trace_id=${trace_id}`)
    await tracing.recordSpans(experiment, [{ ...span(1), trace: trace_id }])
    const { body } = await waiting
    expect(body.trace.trace_info.tags['mlflow.trace.spansLocation']).toBe('TRACKING_STORE')
    expect(body.trace.spans[0]).toEqual({
      trace_id: Buffer.from(trace_id.slice(3), 'hex').toString('base64'),
      span_id: 'AAAAAAAAAAE=',
      name: 'step',
      start_time_unix_nano: `${BigInt(STARTED) * 1_000_000n + 7n}`,
      status: { code: 'STATUS_CODE_UNSET' },
      attributes: [
        {
          key: 'mlflow.spanInputs',
          value: {
            kvlist_value: {
              values: [
                { key: 'q', value: { int_value: '1' } },
                { key: 'f', value: { double_value: 1 } },
              ],
            },
          },
        },
        { key: 'mlflow.spanType', value: { string_value: 'TOOL' } },
        expect.objectContaining({ key: 'in' }),
        { key: 'list', value: { array_value: { values: [{ string_value: 'a' }, {}] } } },
      ],
      events: [],
      links: [],
    })
    const both = `trace_ids=${trace_id}&trace_ids=${newId()}`
    expect((await call('GET', `3.0/mlflow/traces/batchGet?${both}`)).body.traces).toHaveLength(1)
    expect((await call('GET', `3.0/mlflow/traces/batchGet?${both}&experiment_ids=none`)).body.traces).toEqual([])
    const infos = await call('POST', '3.0/mlflow/traces/batchGetInfos', { trace_ids: [trace_id, newId()] })
    expect(infos.body.trace_infos).toMatchObject([{ trace_id }])
  })

  it('gives up on spans that do not come', { timeout: 15_000 }, async () => {
    const { trace_id } = await start()
    const { status, body } = await call('GET', `3.0/mlflow/traces/get?trace_id=${trace_id}`)
    expect([status, body.error_code]).toEqual([404, 'RESOURCE_DOES_NOT_EXIST'])
    expect(body.message).toContain('not fully exported yet')
  })

  it('searches page by page', async () => {
    const ids: string[] = []
    for (let i = 0; i < 5; i++) {
      const { trace_id } = await start({ tags: { paged: 'yes' }, request_time: new Date(STARTED + i).toISOString() })
      ids.unshift(trace_id)
    }
    const first = await search("tags.paged = 'yes'", { max_results: 3 })
    const second = await search("tags.paged = 'yes'", { max_results: 3, page_token: first.body.next_page_token })
    const found = [...first.body.traces, ...second.body.traces].map((trace: { trace_id: string }) => trace.trace_id)
    expect(found).toEqual(ids)
    expect(second.body.next_page_token).toBeUndefined()
    const oldest = await search("tags.paged = 'yes'", { max_results: 1, order_by: ['timestamp_ms ASC'] })
    expect(oldest.body.traces[0].trace_id).toBe(ids.at(-1))
    expect((await search("tags.paged = 'yes'", { locations: [] })).body.traces).toEqual([])
  })

  it.each(['2.0', '3.0'])('sets and deletes tags with version %s', async (version) => {
    const { trace_id } = await start()
    const tags = `${version}/mlflow/traces/${trace_id}/tags`
    await call('PATCH', tags, { key: 'note', value: 'x'.repeat(9_000) })
    await call('PATCH', tags, { key: 'mlflow.traceName', value: 'renamed' })
    expect(await tracing.trace(trace_id)).toMatchObject({ name: 'renamed', tags: { note: 'x'.repeat(8_000) } })
    expect((await call('DELETE', tags, { key: 'note' })).status).toBe(200)
    expect((await call('DELETE', tags, { key: 'mlflow.traceName' })).status).toBe(200)
    expect(await tracing.trace(trace_id)).toMatchObject({ name: null, tags: {} })
    expect(await call('DELETE', tags, { key: 'note' })).toMatchObject({
      status: 404,
      body: { error_code: 'RESOURCE_DOES_NOT_EXIST' },
    })
    for (const key of ['', 'mlflow.trace.spansLocation', 'k'.repeat(251)])
      expect((await call('PATCH', tags, { key, value: 'x' })).body.error_code).toBe('INVALID_PARAMETER_VALUE')
  })

  it.each(['2.0', '3.0'])('deletes traces with version %s', async (version) => {
    const { id } = await tracking.createExperiment({ name: `to empty by ${version}` })
    const location = { trace_location: { mlflow_experiment: { experiment_id: id } } }
    const ids: string[] = []
    for (let i = 0; i < 4; i++)
      ids.push((await start({ ...location, request_time: new Date(STARTED + i).toISOString() })).trace_id)
    const remove = (body: object) =>
      call('POST', `${version}/mlflow/traces/delete-traces`, { experiment_id: id, ...body })
    for (const wrong of [
      {},
      { request_ids: ids, max_timestamp_millis: 1 },
      { request_ids: ids, max_traces: 1 },
      { max_timestamp_millis: 1, max_traces: 0 },
    ])
      expect((await remove(wrong)).body.error_code).toBe('INVALID_PARAMETER_VALUE')
    expect((await remove({ request_ids: [ids[3], newId()] })).body).toEqual({ traces_deleted: 1 })
    expect((await remove({ max_timestamp_millis: STARTED + 1, max_traces: 1 })).body).toEqual({ traces_deleted: 1 })
    expect((await remove({ max_timestamp_millis: String(STARTED + 1) })).body).toEqual({ traces_deleted: 1 })
    expect((await call('GET', `3.0/mlflow/traces/${ids[2]}`)).status).toBe(200)
    expect((await call('GET', `3.0/mlflow/traces/${ids[0]}`)).body.error_code).toBe('RESOURCE_DOES_NOT_EXIST')
  })

  it('links traces to runs and prompts', async () => {
    const { trace_id } = await start()
    const run = await tracking.startRun({ experiment })
    const link = (run_id: string, trace_ids = [trace_id]) =>
      call('POST', '2.0/mlflow/traces/link-to-run', { trace_ids, run_id })
    expect((await link(run.id)).status).toBe(200)
    expect((await link('none')).status).toBe(404)
    expect((await link(run.id, Array(101).fill(trace_id))).status).toBe(400)
    const prompts = { trace_id, prompt_versions: [{ name: 'greet', version: '2' }] }
    expect((await call('POST', '2.0/mlflow/traces/link-prompts', prompts)).status).toBe(200)
    for (const filter of [`run_id = '${run.id}'`, "prompt = 'greet/2'"])
      expect((await search(filter)).body.traces).toMatchObject([{ trace_id }])
  })

  it('keeps assessments', async () => {
    const { trace_id } = await start()
    const path = `3.0/mlflow/traces/${trace_id}/assessments`
    const source = { source_type: 'HUMAN', source_id: 'ann' }
    const made = await call('POST', path, {
      assessment: {
        assessment_name: 'right',
        source,
        feedback: { value: true },
        rationale: 'it is',
        metadata: { k: 'v' },
        create_time: '2026-01-01T00:00:00.123456Z',
      },
    })
    const id = made.body.assessment.assessment_id as string
    expect(made.body.assessment).toMatchObject({
      trace_id,
      source,
      feedback: { value: true },
      create_time: '2026-01-01T00:00:00.123Z',
      valid: true,
    })
    const changed = await call('PATCH', `${path}/${id}`, {
      assessment: {
        assessment_id: id,
        feedback: { value: { score: 0.5 }, error: { error_code: 'E', error_message: 'm' } },
        rationale: 'ignored: the mask does not name it',
        metadata: { l: 'w' },
      },
      update_mask: 'feedback,metadata',
    })
    expect(changed.body.assessment).toMatchObject({
      feedback: { value: { score: 0.5 }, error: { error_code: 'E', error_message: 'm' } },
      rationale: 'it is',
      metadata: { k: 'v', l: 'w' },
    })
    const renamed = { assessment: { assessment_name: 'righter' }, update_mask: { paths: ['assessment_name'] } }
    expect((await call('PATCH', `${path}/${id}`, renamed)).body.assessment.assessment_name).toBe('righter')
    const expected = await call('POST', path, {
      assessment: {
        assessment_name: 'answer',
        source,
        expectation: { serialized_value: { serialization_format: 'JSON_FORMAT', value: '["a",1]' } },
      },
    })
    expect(expected.body.assessment.expectation.serialized_value.value).toBe('["a",1]')
    expect((await call('GET', `3.0/mlflow/traces/${trace_id}`)).body.trace.trace_info.assessments).toHaveLength(2)
    expect((await call('GET', `${path}/${id}`)).body.assessment.assessment_id).toBe(id)
    expect((await call('DELETE', `${path}/${id}`)).status).toBe(200)
    expect((await call('GET', `${path}/${id}`)).body.error_code).toBe('RESOURCE_DOES_NOT_EXIST')
  })

  it.each([
    ['no value', { assessment_name: 'a', source: { source_type: 'CODE' } }],
    [
      'two values',
      { assessment_name: 'a', source: { source_type: 'CODE' }, feedback: { value: 1 }, expectation: { value: 1 } },
    ],
    ['no name', { source: { source_type: 'CODE' }, feedback: { value: 1 } }],
    ['no source', { assessment_name: 'a', feedback: { value: 1 } }],
    [
      'broken JSON',
      {
        assessment_name: 'a',
        source: { source_type: 'CODE' },
        expectation: { serialized_value: { serialization_format: 'JSON_FORMAT', value: '{' } },
      },
    ],
  ])('refuses an assessment with %s', async (_, assessment) => {
    const { trace_id } = await start()
    expect(await call('POST', `3.0/mlflow/traces/${trace_id}/assessments`, { assessment })).toMatchObject({
      status: 400,
      body: { error_code: 'INVALID_PARAMETER_VALUE' },
    })
  })

  it.each<[string, object]>([
    ['an id that is none', { trace_id: 'abc' }],
    ['no place', { trace_location: { type: 'INFERENCE_TABLE' } }],
    ['a time that is none', { request_time: 'yesterday' }],
    ['a time in no calendar', { request_time: '2026-13-45T00:00:00Z' }],
    ['a duration that is none', { execution_duration: 'long' }],
    ['a state that is none', { state: 'MAYBE' }],
    ['a tag that is no text', { tags: { a: 1 } }],
    ['an empty key', { tags: { '': 'x' } }],
  ])('refuses a trace with %s', async (_, fields) => {
    const trace = { trace_info: info(newId(), fields) }
    expect(await call('POST', '3.0/mlflow/traces', { trace })).toMatchObject({
      status: 400,
      body: { error_code: 'INVALID_PARAMETER_VALUE' },
    })
  })

  it('refuses searches that the original refuses', async () => {
    expect((await search('nonsense')).body.error_code).toBe('INVALID_PARAMETER_VALUE')
    expect((await search('', { max_results: 501 })).body.error_code).toBe('INVALID_PARAMETER_VALUE')
    expect((await search('', { order_by: ['colour'] })).body.error_code).toBe('INVALID_PARAMETER_VALUE')
    expect((await search(`name = '${'x'.repeat(1_000_000)}'`)).body.error_code).toBe('INVALID_PARAMETER_VALUE')
    const elsewhere = { ...info(newId()), trace_location: { mlflow_experiment: { experiment_id: 'none' } } }
    expect((await call('POST', '3.0/mlflow/traces', { trace: { trace_info: elsewhere } })).body.error_code).toBe(
      'RESOURCE_DOES_NOT_EXIST',
    )
  })

  it('speaks the language of MLflow 2, with the spans in a file', async () => {
    const begun = await call('POST', '2.0/mlflow/traces', {
      experiment_id: experiment,
      timestamp_ms: STARTED,
      request_metadata: [{ key: 'mlflow.sourceRun', value: 'r-2' }],
      tags: [{ key: 'mlflow.traceName', value: 'old' }],
    })
    const id = begun.body.trace_info.request_id as string
    expect(begun.body.trace_info).toMatchObject({ status: 'IN_PROGRESS', execution_time_ms: 0 })
    const ended = await call('PATCH', `2.0/mlflow/traces/${id}`, {
      timestamp_ms: String(STARTED + 30),
      status: 'ERROR',
      tags: [{ key: 'late', value: '1' }],
    })
    expect(ended.body.trace_info).toMatchObject({ status: 'ERROR', execution_time_ms: 30 })
    expect((await call('GET', `2.0/mlflow/traces/${id}/info`)).body).toEqual(ended.body)
    const found = await call('GET', `2.0/mlflow/traces?experiment_ids=${experiment}&filter=name%20%3D%20'old'`)
    expect(found.body.traces).toMatchObject([{ request_id: id }])

    const file = `2.0/mlflow-artifacts/artifacts/${experiment}/traces/${id}/artifacts/traces.json`
    expect((await call('GET', file)).status).toBe(404)
    const old = {
      name: 'old',
      context: { trace_id: '0xabc', span_id: '0xdef' },
      parent_id: null,
      start_time: STARTED * 1_000_000,
      end_time: (STARTED + 30) * 1_000_000,
      status_code: 'ERROR',
      status_message: 'no',
      attributes: { 'mlflow.spanInputs': '{"q": 1.0}', 'mlflow.spanType': '"LLM"', raw: 'no json' },
      events: [{ name: 'e', timestamp: STARTED * 1_000_000, attributes: { a: 1 } }],
    }
    expect((await call('PUT', file, { spans: [old] })).status).toBe(200)
    const [kept] = await tracing.spans(id)
    expect(kept).toMatchObject({
      id: '0000000000000def',
      type: 'LLM',
      status: 'error',
      attributes: { 'mlflow.spanInputs': { q: 1 }, raw: 'no json' },
    })
    expect((await call('GET', file)).body.spans[0]).toMatchObject({
      span_id: 'AAAAAAAADe8=',
      parent_span_id: null,
      status: { code: 'STATUS_CODE_ERROR', message: 'no' },
      attributes: { 'mlflow.spanInputs': '{"q":1.0}', 'mlflow.traceRequestId': `"${id}"` },
    })
    const attachment = file.replace('traces.json', 'attachments/a.bin')
    const put = await http.fastify.inject({ method: 'PUT', url: `/api/${attachment}`, payload: Buffer.from('bytes') })
    expect(put.statusCode).toBe(200)
    expect((await http.fastify.inject({ method: 'GET', url: `/api/${attachment}` })).body).toBe('bytes')
    expect((await call('GET', attachment.replace('a.bin', '%2e%2e/%2e%2e/secret'))).status).toBe(400)
    for (const wrong of [{}, { spans: {} }, { spans: [1] }, { spans: [{ ...old, start_time: 'now' }] }])
      expect((await call('PUT', file, wrong)).body.error_code).toBe('INVALID_PARAMETER_VALUE')
    expect((await call('PUT', file.replace(id, newId()), { spans: [] })).status).toBe(404)
  })
})

describe('the file of spans', () => {
  it('reads what it wrote', () => {
    const span = {
      id: '00000000000000ab',
      trace: `tr-${'1'.repeat(32)}`,
      parent: '00000000000000cd',
      name: 'step',
      type: 'LLM',
      status: 'ok' as const,
      message: '',
      startedNs: 1_767_225_600_000_000_001n,
      endedNs: 1_767_225_600_000_000_002n,
      attributes: { 'mlflow.spanType': 'LLM', 'mlflow.spanInputs': { f: 1, n: 1n }, text: '5' },
      events: [{ name: 'e', atNs: 1_767_225_600_000_000_001n, attributes: { n: 3n } }],
      links: [],
      inputsKey: 'mlflow.spanInputs',
      outputsKey: null,
      tokens: null,
    }
    const [read] = spansInFile(span.trace, spansFile([span]))
    expect(read).toEqual({
      ...span,
      attributes: { ...span.attributes, 'mlflow.traceRequestId': span.trace },
    })
  })
})
