import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { halves } from '../../src/serving/pictures.fixture.ts'
import { type InferenceServer, openInferenceServer } from './inference-server.ts'

type Document = {
  openapi: string
  servers: { url: string }[]
  paths: Record<string, { post: { requestBody: { content: Record<string, { example?: unknown }> } } }>
  components: { schemas: Record<string, { properties: Record<string, { enum?: string[] }> }> }
}

describe('OpenAPI per endpoint', () => {
  let folder: string
  let server: InferenceServer
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-openapi-'))
    server = await openInferenceServer(folder)
  })
  afterAll(async () => {
    await server.close()
    await rm(folder, { recursive: true })
  })

  const described = async (endpoint: string): Promise<Document> =>
    (await server.http.fastify.inject({ method: 'GET', url: `/api/endpoints/${endpoint}/openapi.json` })).json()

  it.each(['retention', 'band', 'amount', 'matrix', 'timed', 'light', 'pair'])(
    'of %s is valid, and its examples are answered',
    async (name) => {
      const document = await described(name)
      expect(await new Validator().validate(structuredClone(document))).toEqual({ valid: true })
      expect(document.openapi).toBe('3.1.0')
      for (const [url, path] of Object.entries(document.paths))
        for (const [type, { example }] of Object.entries(path.post.requestBody.content)) {
          // A picture, and pixels of a whole one, are no example that can be written.
          if (name === 'light') continue
          const reply = await server.http.fastify.inject({
            method: 'POST',
            url,
            headers: { 'content-type': type },
            payload: typeof example === 'string' ? example : JSON.stringify(example),
          })
          expect([url, type, reply.statusCode, reply.payload]).toEqual([url, type, 200, expect.any(String)])
        }
    },
  )

  it('has the columns, the categories and the classes of the signature', async () => {
    const { components, paths, servers } = await described('retention')
    expect(components.schemas.Record).toMatchObject({
      required: ['tenure', 'charges', 'plan'],
      properties: {
        tenure: { type: ['number', 'null'] },
        plan: { type: ['string', 'number', 'boolean', 'null'], examples: expect.arrayContaining(['monthly']) },
      },
    })
    expect(components.schemas.Prediction!.properties.label!.enum).toEqual(['no', 'yes'])
    expect(Object.keys(paths)).toEqual([
      '/predict/retention',
      '/v2/models/retention/infer',
      '/endpoints/retention/invocations',
    ])
    expect(servers[0]!.url).toMatch(/^http:\/\//)
    expect((await described('pair')).paths).not.toHaveProperty('/predict/pair')
    expect(Object.keys((await described('light')).paths['/predict/light']!.post.requestBody.content)).toContain(
      'image/jpeg',
    )
    const unknown = await server.http.fastify.inject({ method: 'GET', url: '/api/endpoints/nobody/openapi.json' })
    expect(unknown.statusCode).toBe(404)
  })

  it('pictures are answered over the Open Inference Protocol as over /predict, as files or as pixels', async () => {
    const [dark, bright] = [await halves(0, 255), await halves(255, 0)]
    const post = (url: string, payload: string | Buffer, type: string, headers = {}) =>
      server.http.fastify.inject({ method: 'POST', url, payload, headers: { 'content-type': type, ...headers } })
    const expected = await Promise.all([dark, bright].map((file) => post('/predict/light', file, 'image/png')))
    const texts = Buffer.concat(
      [dark, bright].flatMap((file) => {
        const length = Buffer.alloc(4)
        length.writeUInt32LE(file.byteLength)
        return [length, file]
      }),
    )
    const head = JSON.stringify({
      id: 'frames',
      inputs: [{ name: 'picture', shape: [2], datatype: 'BYTES', parameters: { binary_data_size: texts.byteLength } }],
    })
    const files = await post(
      '/v2/models/light/infer',
      Buffer.concat([Buffer.from(head), texts]),
      'application/octet-stream',
      {
        'inference-header-content-length': String(head.length),
      },
    )
    const values = expected.map((reply) => reply.json().predictions[0].value)
    const outputs = Object.fromEntries(files.json().outputs.map((one: { name: string }) => [one.name, one]))
    expect([outputs.probabilities.data[1], outputs.probabilities.data[3]]).toEqual(values)
    expect(outputs.label.data).toEqual(['dark', 'bright'])
    expect(await server.serving.reads.prediction('frames.1')).toMatchObject({ endpoint: 'light', label: 'bright' })

    const pixels = await post(
      '/v2/models/light/infer',
      JSON.stringify({
        inputs: [{ name: 'pixels', shape: [1, 3, 32, 32], datatype: 'FP32', data: new Array(3 * 32 * 32).fill(1) }],
        outputs: [{ name: 'probabilities' }],
      }),
      'application/json',
    )
    expect(pixels.json().outputs[0].data[1]).toBeCloseTo(1 / (1 + Math.exp(-4)), 5)
    const invoked = await post(
      '/endpoints/light/invocations',
      JSON.stringify({ inputs: { picture: [bright.toString('base64')] } }),
      'application/json',
    )
    expect(invoked.json()).toEqual({ predictions: ['bright'] })
    const broken = await post(
      '/v2/models/light/infer',
      JSON.stringify({ inputs: [{ name: 'picture', shape: [1], datatype: 'BYTES', data: ['bm8gcGljdHVyZQ=='] }] }),
      'application/json',
    )
    expect(broken.statusCode).toBeGreaterThanOrEqual(400)
    expect(broken.statusCode).toBeLessThan(500)
  })

  it('plain tensors are answered by the version that the roll-out has', async () => {
    const reply = await server.http.fastify.inject({
      method: 'POST',
      url: '/v2/models/pair/infer',
      headers: { 'content-type': 'application/json' },
      payload: '{"inputs":[{"name":"x","shape":[1,1],"datatype":"INT64","data":[9007199254740993]}]}',
    })
    expect(reply.payload).toContain('"data":[9007199254740993,9007199254740993]')
    // Every answer has a past, whatever its values mean.
    const { prediction_id } = reply.json().parameters
    expect(await server.serving.reads.prediction(prediction_id)).toMatchObject({
      ...{ endpoint: 'pair', version: 7, route: 'stable', value: 9007199254740992, label: null },
      inputs: { x: 'INT64[1,1] 9007199254740993', 'output:y': 'INT64[1,2] 9007199254740993 9007199254740993' },
    })
    // Counted like any answer: metrics and canaries look at it.
    await expect
      .poll(() => server.serving.status('pair').versions)
      .toMatchObject([{ version: 7, served: expect.toSatisfy((served: number) => served > 0) }])
  })
})
