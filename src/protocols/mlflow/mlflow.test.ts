import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBlobFolder } from '#platform/blobs'
import { eventMigrations, openEvents } from '#platform/events'
import { type HttpServer, openHttp } from '#platform/http'
import { openLog } from '#platform/log'
import { onEveryDatabase } from '#platform/testing'
import { systemClock } from '#platform/time'
import { openRegistry, registryMigrations } from '#registry'
import { openTracing, tracingMigrations } from '#tracing'
import { openTracking, type Tracking, trackingMigrations } from '#tracking'
import { openWebhooks } from '#webhooks'
import { mountMlflow } from './index.ts'
import { webhookLanguage } from './webhook-messages.ts'

const MIGRATIONS = [...eventMigrations, ...trackingMigrations, ...tracingMigrations, ...registryMigrations]

/** The language itself, request by request; the real client speaks it in tests/journeys/mlflow-client.test.ts. */
onEveryDatabase('mlflow', MIGRATIONS, (storage) => {
  let folder: string
  let http: HttpServer
  let tracking: Tracking
  const asked: string[] = []

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-mlflow-'))
    const log = openLog({ level: 'silent' })
    const events = openEvents({ storage: storage(), clock: systemClock, log })
    const needs = { storage: storage(), blobs: await openBlobFolder(folder), events, clock: systemClock }
    tracking = openTracking(needs)
    http = await openHttp({
      log,
      version: '0',
      authorize: async (_, permission) => {
        asked.push(permission)
        return { name: 'test', roles: ['engineer'] }
      },
    })
    const registry = openRegistry({ ...needs, tracking, deploymentsOf: async () => [] })
    const webhooks = openWebhooks({ ...needs, events, log, reach: 'any', language: webhookLanguage })
    mountMlflow(http, { ...needs, tracking, registry, webhooks, tracing: openTracing({ ...needs, tracking }) })
    await http.fastify.listen({ port: 0, host: '127.0.0.1' })
  })
  afterAll(async () => {
    await http.fastify.close()
    await rm(folder, { recursive: true })
  })

  async function call(method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE', path: string, payload?: object | string) {
    const response = await http.fastify.inject({
      method,
      url: `/api/2.0/${path}`,
      ...(payload !== undefined && { payload, headers: { 'content-type': 'application/json' } }),
    })
    return { status: response.statusCode, body: response.json() }
  }
  const post = (path: string, body: object) => call('POST', `mlflow/${path}`, body)
  const get = (path: string, query: Record<string, string>) =>
    call('GET', `mlflow/${path}?${new URLSearchParams(query)}`)
  const startRun = async (body: object = {}) =>
    (await post('runs/create', body)).body.run as { info: { run_id: string; artifact_uri: string } }

  it('starts a run in the default experiment where none is named, and gives it a name', async () => {
    const { status, body } = await post('runs/create', { start_time: '1700000000000', user_id: 'ann' })
    expect(status).toBe(200)
    expect(body.run.info).toMatchObject({
      experiment_id: '0',
      status: 'RUNNING',
      user_id: 'ann',
      start_time: 1_700_000_000_000,
      lifecycle_stage: 'active',
      artifact_uri: `mlflow-artifacts:/0/${body.run.info.run_id}/artifacts`,
    })
    expect(body.run.data.tags).toContainEqual({ key: 'mlflow.runName', value: body.run.info.run_name })
    expect((await get('experiments/get', { experiment_id: '0' })).body.experiment.name).toBe('Default')
  })

  it('takes what is too large for what it is', async () => {
    const { info } = await startRun()
    const search = (filter: string) => post('runs/search', { experiment_ids: ['0'], filter })
    expect((await search(`tags.a = '${'x'.repeat(1_000_000)}'`)).status).toBe(400)
    expect((await search('`'.repeat(99_999))).status).toBe(400)
    expect((await search("tags.`a' or 1=1 --` = 'x'' or ''1''=''1'")).body).toEqual({})
    const tag = { run_id: info.run_id, key: 'large', value: 'v'.repeat(10 * 1024 * 1024) }
    expect((await post('runs/set-tag', tag)).status).toBe(200)
    expect((await tracking.run(info.run_id)).tags.large).toHaveLength(8_000)
    expect((await post('runs/set-tag', { ...tag, value: 'a\0b' })).status).toBe(400)
  })

  it('nests a run by a tag that is set later, alone or in a batch, and keeps a parent it does not know', async () => {
    const parent = (await startRun()).info.run_id
    const [alone, batched] = [(await startRun()).info.run_id, (await startRun()).info.run_id]
    await post('runs/set-tag', { run_id: alone, key: 'mlflow.parentRunId', value: parent })
    const tags = [
      { key: 'mlflow.parentRunId', value: parent },
      { key: 'mlflow.runName', value: 'renamed' },
    ]
    await post('runs/log-batch', { run_id: batched, tags })
    expect((await tracking.run(alone)).parent).toBe(parent)
    expect(await tracking.run(batched)).toMatchObject({ parent, name: 'renamed' })
    await post('runs/set-tag', { run_id: parent, key: 'mlflow.parentRunId', value: 'nobody' })
    const { body } = await get('runs/get', { run_id: parent })
    expect(body.run.data.tags).toContainEqual({ key: 'mlflow.parentRunId', value: 'nobody' })
  })

  it('finds runs by the datasets they were given', async () => {
    const { info } = await startRun()
    const dataset = { name: 'iris', digest: 'd1', source_type: 'local', source: '{}' }
    const datasets = [{ dataset, tags: [{ key: 'mlflow.data.context', value: 'train' }] }]
    await post('runs/log-inputs', { run_id: info.run_id, datasets })
    const found = async (filter: string) =>
      ((await post('runs/search', { experiment_ids: ['0'], filter })).body.runs ?? []).map(
        (run: { info: { run_id: string } }) => run.info.run_id,
      )
    expect(await found("datasets.name LIKE 'ir%' and dataset.context = 'train'")).toEqual([info.run_id])
    expect(await found("datasets.digest IN ('d2')")).toEqual([])
    const summaries = await post('experiments/search-datasets', { experiment_ids: ['0'] })
    expect(summaries.body.dataset_summaries).toEqual([
      { experiment_id: '0', name: 'iris', digest: 'd1', context: 'train' },
    ])
  })

  it('nests a run, renames it and ends it', async () => {
    const parent = await startRun({ run_name: 'above' })
    const tags = [{ key: 'mlflow.parentRunId', value: parent.info.run_id }]
    const { info } = await startRun({ run_name: 'below', tags })
    expect((await tracking.run(info.run_id)).parent).toBe(parent.info.run_id)
    await post('runs/set-tag', { run_id: info.run_id, key: 'mlflow.runName', value: 'renamed' })
    const ended = await post('runs/update', { run_uuid: info.run_id, status: 'FINISHED', end_time: 5 })
    expect(ended.body.run_info).toMatchObject({ status: 'FINISHED', end_time: 5, run_name: 'renamed' })
    const { body } = await get('runs/get', { run_id: info.run_id })
    expect(body.run.data.tags).toEqual([...tags, { key: 'mlflow.runName', value: 'renamed' }])
    const filter = `tags.mlflow.parentRunId = '${parent.info.run_id}'`
    const found = await post('runs/search', { experiment_ids: ['0'], filter })
    expect(found.body.runs.map((run: { info: { run_name: string } }) => run.info.run_name)).toEqual(['renamed'])
  })

  it('keeps a batch or nothing of it', async () => {
    const { info } = await startRun()
    const run_id = info.run_id
    const point = (value: unknown, step: number) => ({ key: 'loss', value, timestamp: 1 + step, step })
    await post('runs/log-batch', {
      run_id,
      metrics: [point(1, 0), point('NaN', 1), point('-Infinity', 2)],
      params: [{ key: 'depth', value: '6' }],
    })
    const conflict = await post('runs/log-batch', {
      run_id,
      metrics: [point(7, 7)],
      params: [{ key: 'depth', value: '7' }],
      tags: [{ key: 'half', value: 'done' }],
    })
    expect(conflict).toMatchObject({ status: 400, body: { error_code: 'INVALID_PARAMETER_VALUE' } })
    const { body } = await get('runs/get', { run_id })
    expect(body.run.data.params).toEqual([{ key: 'depth', value: '6' }])
    expect(body.run.data.metrics).toEqual([{ key: 'loss', value: -Number.MAX_VALUE, timestamp: 3, step: 2 }])
    expect(body.run.data.tags.map((tag: { key: string }) => tag.key)).toEqual(['mlflow.runName'])
    const first = await get('metrics/get-history', { run_id, metric_key: 'loss', max_results: '2' })
    expect(first.body.metrics.map((metric: { value: unknown }) => metric.value)).toEqual([1, 'NaN'])
    const rest = await get('metrics/get-history', {
      run_id,
      metric_key: 'loss',
      max_results: '2',
      page_token: first.body.next_page_token,
    })
    expect(rest.body).toEqual({ metrics: [expect.objectContaining({ step: 2 })] })
  })

  it('keeps the tags of a dataset that is logged again without them', async () => {
    const { info } = await startRun()
    const dataset = { name: 'xs', digest: 'abc', source_type: 'code', source: '{}' }
    const tags = [{ key: 'mlflow.data.context', value: 'training' }]
    await post('runs/log-inputs', { run_id: info.run_id, datasets: [{ dataset, tags }], models: [{ model_id: 'm-1' }] })
    await post('runs/log-inputs', { run_id: info.run_id, datasets: [{ dataset }] })
    await post('runs/outputs', { run_id: info.run_id, models: [{ model_id: 'm-2', step: 3 }] })
    const { body } = await get('runs/get', { run_id: info.run_id })
    expect(body.run.inputs).toEqual({ dataset_inputs: [{ dataset, tags }], model_inputs: [{ model_id: 'm-1' }] })
    expect(body.run.outputs).toEqual({ model_outputs: [{ model_id: 'm-2', step: 3 }] })
  })

  it.each<[string, () => Promise<{ status: number; body: unknown }>, number, string]>([
    ['an unknown run', () => get('runs/get', { run_id: 'nope' }), 404, 'RESOURCE_DOES_NOT_EXIST'],
    ['no run at all', () => get('runs/get', {}), 400, 'INVALID_PARAMETER_VALUE'],
    ['an unknown experiment', () => post('runs/create', { experiment_id: '77' }), 404, 'RESOURCE_DOES_NOT_EXIST'],
    ['a name that is taken', () => post('experiments/create', { name: 'Default' }), 400, 'RESOURCE_ALREADY_EXISTS'],
    ['a wrong type', () => post('experiments/create', { name: 7 }), 400, 'INVALID_PARAMETER_VALUE'],
    [
      'a number that is none',
      () => post('runs/log-metric', { run_id: 'a', key: 'k', value: 'x', timestamp: 1 }),
      400,
      'INVALID_PARAMETER_VALUE',
    ],
    [
      'a filter that is none',
      () => post('runs/search', { experiment_ids: ['0'], filter: 'a = ' }),
      400,
      'INVALID_PARAMETER_VALUE',
    ],
    [
      'a number where text belongs',
      () => post('runs/search', { experiment_ids: ['0'], filter: 'params.a = 3' }),
      400,
      'INVALID_PARAMETER_VALUE',
    ],
    ['a page of nothing', () => post('experiments/search', { max_results: 0 }), 400, 'INVALID_PARAMETER_VALUE'],
    [
      'a page that is too large',
      () => post('runs/search', { experiment_ids: ['0'], max_results: 50_001 }),
      400,
      'INVALID_PARAMETER_VALUE',
    ],
    ['broken JSON', () => call('POST', 'mlflow/runs/create', '{"experiment_id": NaN}'), 400, 'INVALID_PARAMETER_VALUE'],
    ['a request nobody speaks', () => post('nothing/create', {}), 404, 'ENDPOINT_NOT_FOUND'],
    ['a page nobody speaks', () => call('GET', 'mlflow/gateway'), 404, 'ENDPOINT_NOT_FOUND'],
  ])('answers %s as MLflow does', async (_, ask, status, code) => {
    const answer = await ask()
    expect(answer).toMatchObject({ status, body: { error_code: code, message: expect.stringMatching(/./) } })
  })

  it('asks for the permission of the room: reading to search, writing to log', async () => {
    asked.length = 0
    await post('runs/search', { experiment_ids: ['0'] })
    await post('runs/create', {})
    await http.fastify.inject('/api/3.0/mlflow/server-info')
    expect(asked).toEqual(['tracking:read', 'tracking:write', 'public'])
  })

  describe('artifacts', () => {
    const place = (uri: string, path: string) =>
      `mlflow-artifacts/artifacts/${uri.replace('mlflow-artifacts:/', '')}/${path}`
    const upload = async (url: string, bytes: Buffer | string, type = 'application/json') => {
      const response = await http.fastify.inject({
        method: 'PUT',
        url: `/api/2.0/${url}`,
        payload: bytes,
        headers: { 'content-type': type },
      })
      return { status: response.statusCode, body: response.body && response.json() }
    }

    it('go up as they are, whatever their type says, and come back', async () => {
      const { info } = await startRun()
      const bytes = Buffer.from([...Array(256).keys()])
      const url = place(info.artifact_uri, `model/${encodeURIComponent('größe 1%.json')}`)
      expect((await upload(url, bytes)).status).toBe(200)
      const response = await http.fastify.inject(`/api/2.0/${url}`)
      expect(response.rawPayload).toEqual(bytes)
      expect(response.headers).toMatchObject({
        'content-type': 'application/octet-stream',
        'x-content-type-options': 'nosniff',
        'content-disposition': "attachment; filename*=UTF-8''gr%C3%B6%C3%9Fe%201%25.json",
        'content-length': '256',
      })
      const listed = await get('artifacts/list', { run_id: info.run_id, path: 'model' })
      expect(listed.body).toEqual({
        root_uri: info.artifact_uri,
        files: [{ path: 'model/größe 1%.json', is_dir: false, file_size: 256 }],
      })
      expect((await call('DELETE', place(info.artifact_uri, 'model'))).status).toBe(200)
      expect((await http.fastify.inject(`/api/2.0/${url}`)).json()).toMatchObject({
        error_code: 'RESOURCE_DOES_NOT_EXIST',
      })
    })

    it('of no bytes are artifacts too', async () => {
      const { info } = await startRun()
      expect((await upload(place(info.artifact_uri, '__init__.py'), '')).status).toBe(200)
      expect((await tracking.artifacts(info.run_id)).map(({ path, size }) => [path, size])).toEqual([
        ['__init__.py', 0],
      ])
    })

    it.each([
      '../x',
      'a/../../x',
      '%2e%2e/x',
      '..%2fx',
      'a%5c..%5cx',
      '%2Fetc%2Fpasswd',
      'a%00b',
      '%252e%252e%252fx',
      'C%3A%5Cx',
    ])('stay in their run: %j is refused', async (path) => {
      const { info } = await startRun()
      // As a bare request: clients and URL parsers would resolve the dots before anybody sees them.
      const status = await new Promise((resolve, reject) => {
        const { port } = http.fastify.server.address() as AddressInfo
        const url = `/api/2.0/${place(info.artifact_uri, path)}`
        request({ port, host: '127.0.0.1', method: 'PUT', path: url }, (response) =>
          resolve(response.resume().statusCode),
        )
          .on('error', reject)
          .end('x')
      })
      expect(status).toBe(400)
      expect(await tracking.artifacts(info.run_id)).toEqual([])
    })

    it('that were cut off in the middle are not there', async () => {
      const { info } = await startRun()
      const { port } = http.fastify.server.address() as AddressInfo
      await new Promise<void>((resolve) => {
        const sent = request({
          ...{ port, host: '127.0.0.1', method: 'PUT' },
          path: `/api/2.0/${place(info.artifact_uri, 'half.bin')}`,
          headers: { 'content-length': 1_000_000 },
        })
        sent.on('error', () => resolve())
        sent.write(Buffer.alloc(100_000), () => setTimeout(() => sent.destroy(), 50))
      })
      await new Promise((resolve) => setTimeout(resolve, 100))
      expect(await tracking.artifacts(info.run_id)).toEqual([])
    })

    it('need a run or a model to belong to', async () => {
      expect((await upload('mlflow-artifacts/artifacts/0/nobody/artifacts/a', 'x')).status).toBe(404)
      expect((await upload('mlflow-artifacts/artifacts/somewhere', 'x')).status).toBe(400)
    })

    it('of a logged model lie beside it', async () => {
      const run = await startRun()
      const made = await post('logged-models', {
        experiment_id: '0',
        name: 'trees',
        source_run_id: run.info.run_id,
        tags: [],
      })
      const { model_id, artifact_uri } = made.body.model.info
      expect(made.body.model.info).toMatchObject({ status: 'LOGGED_MODEL_PENDING', source_run_id: run.info.run_id })
      await upload(place(artifact_uri, 'MLmodel'), 'flavors:')
      const ready = await call('PATCH', `mlflow/logged-models/${model_id}`, { model_id, status: 'LOGGED_MODEL_READY' })
      expect(ready.body.model.info.status).toBe('LOGGED_MODEL_READY')
      const listed = await call('GET', `mlflow/logged-models/${model_id}/artifacts/directories`)
      expect(listed.body.files).toEqual([{ path: 'MLmodel', is_dir: false, file_size: 8 }])
      const metric = {
        key: 'auc',
        value: 0.9,
        timestamp: 1,
        step: 0,
        model_id,
        dataset_name: 'xs',
        dataset_digest: 'abc',
      }
      await post('runs/log-metric', { run_id: run.info.run_id, ...metric })
      const found = await post('logged-models/search', { experiment_ids: ['0'], filter: "name = 'trees'" })
      expect(found.body.models[0].data.metrics).toEqual([{ ...metric, run_id: run.info.run_id }])
      expect((await post('logged-models/search', { experiment_ids: ['0'], filter: "name = 'stones'" })).body).toEqual(
        {},
      )
    })
  })

  it('searches experiments by name, time and tags, page by page', async () => {
    for (const name of ['red fox', 'red deer', 'blue whale'])
      await post('experiments/create', {
        name,
        tags: [{ key: 'colour', value: name.split(' ')[0] }],
        artifact_location: 's3://elsewhere',
      })
    const names = async (body: object) =>
      ((await post('experiments/search', body)).body.experiments ?? []).map((one: { name: string }) => one.name)
    expect(await names({ filter: "tags.colour = 'red'", order_by: ['name'] })).toEqual(['red deer', 'red fox'])
    expect(await names({ filter: "name ILIKE 'RED%' and creation_time > 0", order_by: ['name DESC'] })).toEqual([
      'red fox',
      'red deer',
    ])
    expect(await names({ filter: "tags.constructor = 'x'" })).toEqual([])
    const page = await post('experiments/search', { max_results: 1, filter: "name LIKE 'red%'", order_by: ['name'] })
    const rest = {
      max_results: 1,
      filter: "name LIKE 'red%'",
      order_by: ['name'],
      page_token: page.body.next_page_token,
    }
    expect(await names(rest)).toEqual(['red fox'])
    const { experiment } = (await get('experiments/get-by-name', { experiment_name: 'blue whale' })).body
    expect(experiment.artifact_location).toBe(`mlflow-artifacts:/${experiment.experiment_id}`)
    expect(experiment.tags).toContainEqual({ key: 'orrery.artifact_location', value: 's3://elsewhere' })
    await post('experiments/delete', { experiment_id: experiment.experiment_id })
    expect(await names({ view_type: 'DELETED_ONLY' })).toEqual(['blue whale'])
  })
})
