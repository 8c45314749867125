import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync, inflateSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { HttpServer } from '#platform/http'
import { bytesOf } from '../../src/protocols/oip/codec/binary-data.ts'
import { type InferenceServer, openInferenceServer, RECORD } from './inference-server.ts'

describe('the Open Inference Protocol over REST', () => {
  let folder: string
  let server: InferenceServer
  let http: HttpServer
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-oip-'))
    server = await openInferenceServer(folder)
    http = server.http
  })
  afterAll(async () => {
    await server.close()
    await rm(folder, { recursive: true })
  })

  const get = async (url: string) => {
    const reply = await http.fastify.inject({ method: 'GET', url })
    return { status: reply.statusCode, body: reply.payload === '' ? undefined : reply.json() }
  }
  const post = async (url: string, payload: unknown, headers: Record<string, string | number> = {}) => {
    const reply = await http.fastify.inject({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json', ...(headers as Record<string, string>) },
      payload: (Buffer.isBuffer(payload) || typeof payload === 'string' ? payload : JSON.stringify(payload)) as string,
    })
    return { status: reply.statusCode, headers: reply.headers, raw: reply.rawPayload, json: () => reply.json() }
  }
  const perFeature = (rows: (typeof RECORD)[]) => [
    { name: 'tenure', shape: [rows.length], datatype: 'INT64', data: rows.map(({ tenure }) => tenure) },
    { name: 'charges', shape: [rows.length, 1], datatype: 'FP64', data: rows.map(({ charges }) => [charges]) },
    { name: 'plan', shape: [rows.length], datatype: 'BYTES', data: rows.map(({ plan }) => plan) },
  ]
  const outputOf = (body: { outputs: { name: string }[] }, name: string) =>
    body.outputs.find((one) => one.name === name) as unknown as { shape: number[]; datatype: string; data: unknown[] }

  it('tells what the server is, and that it lives', async () => {
    expect((await get('/v2')).body).toMatchObject({
      name: 'orrery',
      extensions: expect.arrayContaining(['binary_tensor_data']),
    })
    expect((await get('/v2/health/live')).status).toBe(200)
    expect((await get('/v2/health/ready')).status).toBe(200)
  })

  it('tells what an endpoint takes and gives', async () => {
    const { body } = await get('/v2/models/retention')
    expect(body).toEqual({
      name: 'retention',
      versions: ['1'],
      platform: 'onnxruntime_onnx',
      inputs: [
        { name: 'tenure', datatype: 'FP32', shape: [-1, 1] },
        { name: 'charges', datatype: 'FP32', shape: [-1, 1] },
        { name: 'plan', datatype: 'BYTES', shape: [-1, 1] },
      ],
      outputs: [
        { name: 'probabilities', datatype: 'FP64', shape: [-1, 2] },
        { name: 'label', datatype: 'BYTES', shape: [-1] },
        { name: 'prediction_id', datatype: 'BYTES', shape: [-1] },
      ],
    })
    expect((await get('/v2/models/retention/config')).body).toMatchObject({
      max_batch_size: 0,
      input: [{ data_type: 'TYPE_FP32' }, {}, { data_type: 'TYPE_STRING' }],
    })
    expect((await get('/v2/models/retention/ready')).status).toBe(200)
  })

  it('answers as /predict does, and logs the answer under the id of the request', async () => {
    const other = { ...RECORD, tenure: 60, plan: 'yearly' }
    const predicted = (await post('/predict/retention', { records: [RECORD, other] })).json().predictions
    const { status, json } = await post('/v2/models/retention/infer', {
      id: 'ask-1',
      inputs: perFeature([RECORD, other]),
    })
    expect(status).toBe(200)
    const body = json()
    expect(body).toMatchObject({ model_name: 'retention', model_version: '1', id: 'ask-1' })
    expect(outputOf(body, 'probabilities')).toEqual({
      name: 'probabilities',
      shape: [2, 2],
      datatype: 'FP64',
      data: predicted.flatMap((one: { probabilities: { no: number; yes: number } }) => [
        one.probabilities.no,
        one.probabilities.yes,
      ]),
    })
    expect(outputOf(body, 'label').data).toEqual(predicted.map((one: { label: string }) => one.label))
    expect(outputOf(body, 'prediction_id').data).toEqual(['ask-1.0', 'ask-1.1'])
    const logged = (await get('/api/predictions/ask-1.1')).body
    expect(logged).toMatchObject({ endpoint: 'retention', inputs: other, value: predicted[1].value })
    // Asked again under the same id, it is the same prediction.
    expect(
      (await post('/v2/models/retention/infer', { id: 'ask-1', inputs: perFeature([RECORD, other]) })).json(),
    ).toEqual(body)
  })

  it('takes NaN for a missing value, and the request id of the header', async () => {
    const inputs = perFeature([RECORD])
    const body = JSON.stringify({ inputs }).replace('"data":[[80]]', '"data":[[NaN]]')
    const { status, json } = await post('/v2/models/retention/infer', body, { 'x-request-id': 'from-header' })
    expect(status).toBe(200)
    expect(json().id).toBe('from-header')
    expect((await get('/api/predictions/from-header')).body.inputs).toEqual({ ...RECORD, charges: null })
  })

  it('answers multiclass and regression', async () => {
    const band = (await post('/v2/models/band/infer', { inputs: perFeature([RECORD]) })).json()
    expect(outputOf(band, 'probabilities').shape).toEqual([1, 3])
    const amount = (await post('/v2/models/amount/infer', { inputs: perFeature([RECORD]) })).json()
    expect(outputOf(amount, 'prediction').shape).toEqual([1, 1])
    expect(amount.outputs.map((one: { name: string }) => one.name)).not.toContain('label')
  })

  it('gives the outputs that are asked for, after the JSON where that is asked for', async () => {
    const ask = (outputs: unknown[]) => post('/v2/models/retention/infer', { inputs: perFeature([RECORD]), outputs })
    const json = (await ask([{ name: 'label' }])).json()
    expect(json.outputs.map((one: { name: string }) => one.name)).toEqual(['label'])
    const { headers, raw } = await ask([{ name: 'probabilities', parameters: { binary_data: true } }])
    expect(headers['content-type']).toBe('application/octet-stream')
    const length = Number(headers['inference-header-content-length'])
    const [output] = JSON.parse(raw.toString('utf8', 0, length)).outputs
    expect(output).toEqual({
      name: 'probabilities',
      shape: [1, 2],
      datatype: 'FP64',
      parameters: { binary_data_size: 16 },
    })
    const [no, yes] = [raw.readDoubleLE(length), raw.readDoubleLE(length + 8)]
    expect(no + yes).toBeCloseTo(1, 12)
    const unknown = await ask([{ name: 'nothing' }])
    expect([unknown.status, unknown.json().error]).toEqual([400, expect.stringContaining('no such output')])
  })

  it('takes binary data, packed too, and packs a large answer', async () => {
    const rows = 200
    const numbers = bytesOf({ datatype: 'FP32', shape: [rows, 1], data: new Float32Array(rows).fill(7) })
    const texts = bytesOf({ datatype: 'BYTES', shape: [rows, 1], data: new Array<string>(rows).fill('yearly') })
    const inputs = [
      { name: 'tenure', shape: [rows, 1], datatype: 'FP32', parameters: { binary_data_size: numbers.byteLength } },
      { name: 'charges', shape: [rows, 1], datatype: 'FP32', parameters: { binary_data_size: numbers.byteLength } },
      { name: 'plan', shape: [rows, 1], datatype: 'BYTES', parameters: { binary_data_size: texts.byteLength } },
    ]
    const head = JSON.stringify({ inputs })
    const body = Buffer.concat([Buffer.from(head), numbers, numbers, texts])
    const header = { 'inference-header-content-length': head.length }
    const plain = await post('/v2/models/retention/infer', body, header)
    expect(plain.status).toBe(200)
    const answers = outputOf(plain.json(), 'probabilities').data
    for (const [encoding, unpack] of [
      ['gzip', gunzipSync],
      ['deflate', inflateSync],
    ] as const) {
      const packed = await post('/v2/models/retention/infer', gzipSync(body), {
        ...header,
        'content-encoding': 'gzip',
        'accept-encoding': `br, ${encoding};q=0.5`,
      })
      expect(packed.headers['content-encoding']).toBe(encoding)
      expect(outputOf(JSON.parse(unpack(packed.raw).toString()), 'probabilities').data).toEqual(answers)
    }
  })

  it('takes what a graph takes side by side', async () => {
    const { body } = await get('/v2/models/matrix')
    expect(body.inputs).toEqual([{ name: 'input', datatype: 'FP32', shape: [-1, 2] }])
    const side = await post('/v2/models/matrix/infer', {
      inputs: [
        {
          name: 'input',
          shape: [2, 2],
          datatype: 'FP32',
          data: [
            [1, 2],
            [3, 4],
          ],
        },
      ],
    })
    const apart = await post('/v2/models/matrix/infer', {
      inputs: [
        { name: 'b', shape: [2], datatype: 'INT32', data: [2, 4] },
        { name: 'a', shape: [2], datatype: 'INT32', data: [1, 3] },
      ],
    })
    expect(outputOf(side.json(), 'sum').data).toEqual([3, 7])
    expect(outputOf(apart.json(), 'sum').data).toEqual([3, 7])
  })

  it('answers with one version by itself, for those who may go past a roll-out', async () => {
    const inputs = perFeature([RECORD]).map((one) => ({
      ...one,
      shape: [1, 1],
      datatype: one.datatype === 'BYTES' ? 'BYTES' : 'FP32',
    }))
    const { status, json } = await post('/v2/models/retention/versions/2/infer', { inputs })
    expect([status, json().model_version]).toEqual([200, '2'])
    expect(json().outputs).toContainEqual(
      expect.objectContaining({ name: 'probabilities', datatype: 'FP32', shape: [1, 2] }),
    )
    server.roles = ['app']
    const refused = await post('/v2/models/retention/versions/2/infer', { inputs })
    server.roles = ['admin']
    expect([refused.status, refused.json().error]).toEqual([403, expect.stringContaining('serving:try')])
    expect((await get('/v2/models/retention/versions/9')).status).toBe(404)
    expect((await get('/v2/models/retention/versions/latest')).status).toBe(404)
  })

  it('lists its models, counts their answers, and loads none against its roll-out', async () => {
    const index = (await post('/v2/repository/index', {})).json()
    expect(index).toContainEqual({ name: 'retention', version: '1', state: 'READY', reason: '' })
    expect(index).toContainEqual(expect.objectContaining({ name: 'empty', state: 'UNAVAILABLE' }))
    const ready = (await post('/v2/repository/index', { ready: true })).json()
    expect(ready.map((one: { name: string }) => one.name)).not.toContain('empty')
    expect((await post('/v2/repository/models/retention/load', {})).status).toBe(200)
    const unload = await post('/v2/repository/models/retention/unload', {})
    expect([unload.status, unload.json().error]).toEqual([409, expect.stringContaining('roll-out')])
    expect((await post('/v2/repository/models/nobody/unload', {})).status).toBe(404)
    const {
      model_stats: [stats],
    } = (await get('/v2/models/retention/stats')).body
    expect(stats).toMatchObject({ name: 'retention', version: '1', inference_count: expect.any(Number) })
    expect(stats.inference_count).toBeGreaterThan(0)
    const { success, compute_infer } = stats.inference_stats
    expect(success.count).toBeGreaterThan(0)
    expect(compute_infer.count).toBe(stats.execution_count)
    // Together, in ns: an answer takes longer than the run in it, and less than a minute.
    expect(success.ns / success.count).toBeGreaterThan(1_000)
    expect(success.ns / success.count).toBeLessThan(60e9)
    expect(compute_infer.ns).toBeGreaterThan(1_000)
  })

  it('says over a connection what it says to the router: answers, packed ones, and refusals', async () => {
    const base = await http.fastify.listen({ port: 0, host: '127.0.0.1' })
    const pair = (id: string, shape = [1, 1]) =>
      JSON.stringify({ id, inputs: [{ name: 'x', shape, datatype: 'INT64', data: [1] }] })
    const retention = JSON.stringify({ id: 'two ways', inputs: perFeature([RECORD]) })
    const asked: [string, string, Record<string, string>][] = [
      ['/v2/models/retention/infer', retention, {}],
      ['/v2/models/retention/infer', retention, { 'accept-encoding': 'gzip' }],
      ['/v2/models/retention/versions/1/infer', pair('a'), {}],
      ['/v2/models/pair/infer', pair('b', [1, 2]), {}],
      ['/v2/models/pair/infer', '{"inputs":', {}],
      ['/v2/models/nobody/infer', retention, {}],
      ['/v2/models/retention/infer', retention, { 'inference-header-content-length': 'some' }],
      ['/v2/models/a%2Fb/infer', retention, {}],
    ]
    for (const [path, body, headers] of asked) {
      const sent = { 'content-type': 'application/json', 'x-request-id': 'r', ...headers }
      const reply = await fetch(base + path, { method: 'POST', headers: sent, body })
      const routed = await http.fastify.inject({ method: 'POST', url: path, headers: sent, payload: body })
      expect([path, reply.status, reply.headers.get('content-type')]).toEqual([
        ...[path, routed.statusCode, routed.headers['content-type']],
      ])
      expect(await reply.text()).toBe(routed.payload)
    }
  })

  it('keeps a user to their arm, by a header or a parameter of its name, and logs by what', async () => {
    const versions = new Map<string, string>()
    for (let u = 0; u < 12; u++) {
      const user = `user ${u}`
      const byHeader = await post('/v2/models/split/infer', { inputs: perFeature([RECORD]) }, { 'x-user': user })
      const answer = byHeader.json()
      versions.set(user, answer.model_version)
      const [id] = outputOf(answer, 'prediction_id').data
      const { inputs, version } = (await server.serving.reads.prediction(String(id)))!
      expect([inputs['header:x-user'], version]).toEqual([user, Number(answer.model_version)])
      const parameters = { 'x-user': user }
      const byParameter = await post('/v2/models/split/infer', { inputs: perFeature([RECORD]), parameters })
      expect(byParameter.json().model_version).toBe(answer.model_version)
    }
    expect(new Set(versions.values())).toEqual(new Set(['1', '2']))
  })

  it('answers a repeated request of a user from the log', async () => {
    const ask = async () =>
      (await post('/v2/models/split/infer', { id: 'once', inputs: perFeature([RECORD]) }, { 'x-user': 'ada' })).json()
    expect(await ask()).toEqual(await ask())
    expect((await server.serving.reads.list('split', { limit: 100, text: 'once' })).length).toBe(1)
  })

  it.each([
    ['a model that is not there', 'nobody', perFeature([RECORD]), 404, 'no endpoint "nobody"'],
    ['an endpoint without a version', 'empty', perFeature([RECORD]), 503, 'cannot answer'],
    ['a missing tensor', 'retention', perFeature([RECORD]).slice(1), 400, '"tenure" does not fit'],
    [
      'another name',
      'retention',
      [...perFeature([RECORD]), { name: 'age', shape: [1], datatype: 'FP32', data: [1] }],
      400,
      'no such input',
    ],
    [
      'rows that differ',
      'retention',
      [...perFeature([RECORD, RECORD]).slice(0, 2), ...perFeature([RECORD]).slice(2)],
      400,
      '1 rows beside 2',
    ],
    [
      'another shape',
      'retention',
      [{ name: 'tenure', shape: [1, 2], datatype: 'FP32', data: [1, 2] }, ...perFeature([RECORD]).slice(1)],
      400,
      'takes [rows, 1]',
    ],
    [
      'a text for a number',
      'retention',
      [{ name: 'tenure', shape: [1], datatype: 'BYTES', data: ['3'] }, ...perFeature([RECORD]).slice(1)],
      400,
      'a number is expected',
    ],
    [
      'an infinite number',
      'retention',
      [{ name: 'tenure', shape: [1], datatype: 'FP32', data: ['Infinity'] }, ...perFeature([RECORD]).slice(1)],
      400,
      'no finite',
    ],
    ['no rows', 'retention', perFeature([]), 400, '0 rows'],
    ['no tensors', 'retention', [], 400, 'inputs'],
  ])('refuses %s', async (_, model, inputs, status, words) => {
    const reply = await post(`/v2/models/${model}/infer`, { inputs })
    expect([reply.status, reply.json()]).toEqual([status, { error: expect.stringContaining(words) }])
  })

  it('refuses what is packed wrongly, and JSON of another length', async () => {
    const ask = (headers: Record<string, string>) => post('/v2/models/retention/infer', '{"inputs":[]}', headers)
    for (const [headers, words] of [
      [{ 'content-encoding': 'gzip' }, 'no gzip'],
      [{ 'content-encoding': 'br' }, 'not known'],
      [{ 'inference-header-content-length': 'x' }, 'is no number'],
      [{ 'inference-header-content-length': '99' }, 'its JSON has 99 bytes'],
    ] as const) {
      const reply = await ask(headers)
      expect([reply.status, reply.json().error]).toEqual([400, expect.stringContaining(words)])
    }
  })

  it('refuses what unpacks to more than it may be', async () => {
    const bomb = gzipSync(Buffer.alloc(80 * 1024 * 1024))
    const reply = await post('/v2/models/retention/infer', bomb, { 'content-encoding': 'gzip' })
    expect([reply.status, reply.json().error]).toEqual([413, expect.stringContaining('larger than')])
  })
})
