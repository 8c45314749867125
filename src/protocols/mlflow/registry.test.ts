import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openBlobFolder } from '#platform/blobs'
import { eventMigrations, openEvents } from '#platform/events'
import { type HttpServer, openHttp } from '#platform/http'
import { openLog } from '#platform/log'
import { onEveryDatabase } from '#platform/testing'
import { systemClock } from '#platform/time'
import { type Deployment, openRegistry, type Registry, registryMigrations } from '#registry'
import { openTracing, tracingMigrations } from '#tracing'
import { openTracking, type Tracking, trackingMigrations } from '#tracking'
import { openWebhooks } from '#webhooks'
import { mountMlflow } from './index.ts'
import { webhookLanguage } from './webhook-messages.ts'

const MIGRATIONS = [...eventMigrations, ...trackingMigrations, ...tracingMigrations, ...registryMigrations]

/** The registry's part of the language, request by request; the real clients speak it in tests/journeys/mlflow-registry*. */
onEveryDatabase('mlflow registry', MIGRATIONS, (storage) => {
  let folder: string
  let http: HttpServer
  let registry: Registry
  let tracking: Tracking
  const asked: string[] = []
  /** Models that an endpoint serves, with the versions it needs. */
  const served = new Map<string, Deployment[]>()

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-mlflow-registry-'))
    const log = openLog({ level: 'silent' })
    const events = openEvents({ storage: storage(), clock: systemClock, log })
    const needs = { storage: storage(), blobs: await openBlobFolder(folder), events, clock: systemClock }
    tracking = openTracking({ ...needs, keeperOf: (tx, of, ids) => registry.keeperOf(tx, of, ids) })
    registry = openRegistry({ ...needs, tracking, deploymentsOf: async (_, model) => served.get(model) ?? [] })
    http = await openHttp({
      log,
      version: '0',
      authorize: async (_, permission) => {
        asked.push(permission)
        return { name: 'ann', roles: ['engineer'] }
      },
    })
    const webhooks = openWebhooks({ ...needs, events, log, reach: 'any', language: webhookLanguage })
    mountMlflow(http, { ...needs, tracking, registry, webhooks, tracing: openTracing({ ...needs, tracking }) })
  })
  afterAll(async () => {
    await http.fastify.close()
    await rm(folder, { recursive: true })
  })

  async function call(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: object) {
    const response = await http.fastify.inject({
      method,
      url: `/api/2.0/mlflow/${path}`,
      ...(body && { payload: body }),
    })
    return { status: response.statusCode, body: response.json() }
  }
  const post = (path: string, body: object) => call('POST', path, body)
  const get = (path: string, query: Record<string, string> | [string, string][]) =>
    call('GET', `${path}?${new URLSearchParams(query)}`)
  /** A model of this name with so many versions, registered from elsewhere. */
  async function model(name: string, versions: number) {
    expect((await post('registered-models/create', { name })).status).toBe(200)
    for (let version = 1; version <= versions; version++)
      await post('model-versions/create', { name, source: `s3://bucket/${name}/${version}` })
  }

  it('tells of a model and its versions as the original does', async () => {
    const made = await post('registered-models/create', {
      name: 'whole',
      description: 'all of it',
      tags: [{ key: 'team', value: 'green' }],
    })
    expect(made.body.registered_model).toEqual({
      ...{ name: 'whole', description: 'all of it' },
      tags: [{ key: 'team', value: 'green' }],
      creation_timestamp: expect.any(Number),
      last_updated_timestamp: expect.any(Number),
    })
    const { id } = await tracking.createExperiment({ name: 'whole' })
    const run = await tracking.startRun({ experiment: id })
    const logged = await tracking.createLoggedModel({ experiment: id, run: run.id })
    const { body } = await post('model-versions/create', {
      name: 'whole',
      source: `models:/${logged.id}`,
      model_id: logged.id,
      tags: [{ key: 'colour', value: 'red' }],
      run_link: 'https://elsewhere/run',
    })
    const version = {
      ...{ name: 'whole', version: '1', user_id: 'ann', current_stage: 'None', status: 'READY' },
      ...{ source: `models:/${logged.id}`, run_id: run.id, model_id: logged.id, run_link: 'https://elsewhere/run' },
      tags: [{ key: 'colour', value: 'red' }],
      creation_timestamp: expect.any(Number),
      last_updated_timestamp: expect.any(Number),
    }
    expect(body).toEqual({ model_version: version })
    expect((await get('model-versions/get-download-uri', { name: 'whole', version: '1' })).body).toEqual({
      artifact_uri: `mlflow-artifacts:/${id}/models/${logged.id}/artifacts`,
    })
    await post('registered-models/alias', { name: 'whole', alias: 'best', version: '1' })
    const shown = (await get('registered-models/get', { name: 'whole' })).body.registered_model
    expect(shown.aliases).toEqual([{ alias: 'best', version: '1' }])
    expect(shown.latest_versions).toEqual([{ ...version, aliases: ['best'] }])
    expect((await get('registered-models/alias', { name: 'whole', alias: 'best' })).body.model_version.version).toBe(
      '1',
    )
  })

  it('answers the newest versions by GET and POST, by one stage or many', async () => {
    await model('stages', 3)
    const moved = await post('model-versions/transition-stage', { name: 'stages', version: '2', stage: 'sTaGing' })
    expect(moved.body.model_version.current_stage).toBe('Staging')
    const numbers = (answer: { body: { model_versions: { version: string }[] } }) =>
      answer.body.model_versions.map(({ version }) => version).sort()
    const path = 'registered-models/get-latest-versions'
    expect(numbers(await post(path, { name: 'stages' }))).toEqual(['2', '3'])
    expect(numbers(await get(path, { name: 'stages', stages: 'staging' }))).toEqual(['2'])
    const both = [['name', 'stages'] as const, ['stages', 'None'] as const, ['stages', 'Staging'] as const]
    expect(numbers(await get(path, both as never))).toEqual(['2', '3'])
    expect((await post(path, { name: 'stages', stages: ['Nowhere'] })).body.error_code).toBe('INVALID_PARAMETER_VALUE')
    expect((await post(path, { name: 'nobody' })).status).toBe(404)
  })

  it('searches models page by page, in the order asked for', async () => {
    for (const name of ['page a', 'page b', 'page C']) await model(name, 0)
    await post('registered-models/set-tag', { name: 'page b', key: 'k', value: 'v' })
    const search = async (query: [string, string][]) => {
      const { body } = await get('registered-models/search', query)
      return {
        names: body.registered_models?.map((one: { name: string }) => one.name),
        token: body.next_page_token,
        error: body.error_code,
      }
    }
    const first = await search([
      ['filter', "name ILIKE 'PAGE%'"],
      ['order_by', 'last_updated_timestamp DESC'],
      ['order_by', 'name DESC'],
      ['max_results', '2'],
    ])
    expect(first.names).toHaveLength(2)
    const rest = await search([
      ['filter', "name ILIKE 'PAGE%'"],
      ['order_by', 'last_updated_timestamp DESC'],
      ['order_by', 'name DESC'],
      ['max_results', '2'],
      ['page_token', first.token],
    ])
    expect(rest.token).toBeUndefined()
    expect([...first.names, ...rest.names].sort()).toEqual(['page C', 'page a', 'page b'])
    expect((await search([['filter', "tags.k = 'v'"]])).names).toEqual(['page b'])
    expect((await search([['filter', "tags.k != 'w' and name LIKE 'page%'"]])).names).toEqual(['page b'])
    for (const query of [
      [['max_results', '1001']],
      [['max_results', '0']],
      [['filter', 'name = 3']],
      [['filter', "metrics.a = 'x'"]],
      [['filter', "tags.k IN ('a')"]],
      [['filter', "name LIKE 'a"]],
      [['order_by', 'colour']],
      [
        ['order_by', 'name'],
        ['order_by', 'name DESC'],
      ],
    ] as [string, string][][])
      expect((await search(query)).error, JSON.stringify(query)).toBe('INVALID_PARAMETER_VALUE')
  })

  it('searches versions by every attribute that the original has, and by alias', async () => {
    await model('searched', 3)
    await post('model-versions/set-tag', { name: 'searched', version: 2, key: 'checked', value: 'yes' })
    await post('registered-models/alias', { name: 'searched', alias: 'best', version: '3' })
    const search = async (filter: string, order?: string) => {
      const { body } = await get('model-versions/search', {
        filter: `name = 'searched' and ${filter}`,
        ...(order && { order_by: order }),
      })
      if (body.error_code) return body.error_code
      return (body.model_versions ?? []).map((one: { version: string }) => Number(one.version))
    }
    expect(await search('version_number > 1', 'version_number ASC')).toEqual([2, 3])
    expect(await search("version_number = '2'")).toEqual([2])
    expect(await search('version_number < 99999999999999', 'version_number DESC')).toEqual([3, 2, 1])
    expect(await search("source_path LIKE '%/3'")).toEqual([3])
    expect(await search("tags.checked = 'yes'")).toEqual([2])
    expect(await search("alias = 'best'")).toEqual([3])
    expect(await search("run_id IN ('nobody')")).toEqual([])
    for (const filter of ['version_number = 1.5', "version_number LIKE '1'", "source_path IN ('a')", "user = 'x'"])
      expect(await search(filter), filter).toBe('INVALID_PARAMETER_VALUE')
  })

  it('keeps prompts apart from models', async () => {
    const tags = [{ key: 'mlflow.prompt.is_prompt', value: 'true' }]
    await post('registered-models/create', { name: 'hello', tags })
    const made = await post('model-versions/create', { name: 'hello', source: 'dummy-source', tags })
    expect(made.status).toBe(200)
    const names = async (filter: string) =>
      ((await get('registered-models/search', { filter })).body.registered_models ?? []).map(
        (one: { name: string }) => one.name,
      )
    expect(await names("name = 'hello'")).toEqual([])
    expect(await names("name = 'hello' and tags.`mlflow.prompt.is_prompt` = 'true'")).toEqual(['hello'])
    expect((await get('model-versions/search', { filter: "name = 'hello'" })).body).toEqual({})
    expect((await registry.models({})).map((one) => one.name)).not.toContain('hello')
    const elsewhere = await post('model-versions/create', { name: 'hello', source: 's3://a/b', tags })
    expect(elsewhere.body.error_code).toBe('INVALID_PARAMETER_VALUE')
  })

  it('leaves the production of a served model to roll-outs', async () => {
    await model('shop', 2)
    served.set('shop', [{ endpoint: 'shop', versions: [1] }])
    const conflict = {
      status: 409,
      body: expect.objectContaining({ error_code: 'RESOURCE_CONFLICT', message: expect.stringContaining('shop') }),
    }
    const stage = (version: string, to: string) =>
      post('model-versions/transition-stage', { name: 'shop', version, stage: to, archive_existing_versions: true })
    expect(await post('registered-models/alias', { name: 'shop', alias: 'champion', version: '2' })).toEqual(conflict)
    expect(await stage('2', 'Production')).toEqual(conflict)
    expect(await call('DELETE', 'model-versions/delete', { name: 'shop', version: '1' })).toEqual(conflict)
    expect(await call('DELETE', 'registered-models/delete', { name: 'shop' })).toEqual(conflict)
    expect((await stage('2', 'Staging')).status).toBe(200)
    expect((await call('DELETE', 'model-versions/delete', { name: 'shop', version: '2' })).status).toBe(200)
  })

  it.each<[string, () => Promise<{ status: number; body: { error_code: string } }>, number, string]>([
    ['no name', () => post('registered-models/create', {}), 400, 'INVALID_PARAMETER_VALUE'],
    ['a name with a slash', () => post('registered-models/create', { name: 'a/b' }), 400, 'INVALID_PARAMETER_VALUE'],
    ['a name that is taken', () => post('registered-models/create', { name: 'whole' }), 400, 'RESOURCE_ALREADY_EXISTS'],
    ['an unknown model', () => get('registered-models/get', { name: 'nobody' }), 404, 'RESOURCE_DOES_NOT_EXIST'],
    ['no version', () => get('model-versions/get', { name: 'whole' }), 400, 'INVALID_PARAMETER_VALUE'],
    [
      'a version in words',
      () => get('model-versions/get', { name: 'whole', version: 'one' }),
      400,
      'INVALID_PARAMETER_VALUE',
    ],
    [
      'an unknown version',
      () => get('model-versions/get', { name: 'whole', version: '99' }),
      404,
      'RESOURCE_DOES_NOT_EXIST',
    ],
    [
      'a version beyond 32 bits',
      () => get('model-versions/get', { name: 'whole', version: '9999999999' }),
      404,
      'RESOURCE_DOES_NOT_EXIST',
    ],
    [
      'an unknown alias',
      () => get('registered-models/alias', { name: 'whole', alias: 'nobody' }),
      400,
      'INVALID_PARAMETER_VALUE',
    ],
    [
      'a reserved alias',
      () => post('registered-models/alias', { name: 'whole', alias: 'v1', version: '1' }),
      400,
      'INVALID_PARAMETER_VALUE',
    ],
    [
      'a path of the server',
      () => post('model-versions/create', { name: 'whole', source: '/etc' }),
      400,
      'INVALID_PARAMETER_VALUE',
    ],
    [
      'a stage that is none',
      () => post('model-versions/transition-stage', { name: 'whole', version: '1', stage: 'Live' }),
      400,
      'INVALID_PARAMETER_VALUE',
    ],
    [
      'tags of a wrong form',
      () => post('registered-models/create', { name: 'tagged', tags: 'a' }),
      400,
      'INVALID_PARAMETER_VALUE',
    ],
  ])('refuses %s as MLflow does', async (_, ask, status, code) => {
    expect(await ask()).toEqual({
      status,
      body: expect.objectContaining({ error_code: code, message: expect.stringMatching(/./) }),
    })
  })

  it('asks for the permission of the room', async () => {
    asked.length = 0
    await get('registered-models/get', { name: 'whole' })
    await post('registered-models/get-latest-versions', { name: 'whole' })
    await post('registered-models/set-tag', { name: 'whole', key: 'a', value: 'b' })
    expect(asked).toEqual(['registry:read', 'registry:read', 'registry:write'])
  })
})
