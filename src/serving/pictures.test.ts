import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Blobs, openBlobFolder } from '#platform/blobs'
import { type HttpServer, openHttp } from '#platform/http'
import { openSqlite, type Storage } from '#platform/storage'
import { systemClock } from '#platform/time'
import { servingMigrations } from './migrations.ts'
import { halves, leftBrightness } from './pictures.fixture.ts'
import { mountServing } from './routes.ts'
import { alone, PATIENT, silent, testEndpoints, trainPackage } from './serving.fixture.ts'
import { openServing, type Serving } from './serving.ts'

const P = (grey: number) => 1 / (1 + Math.exp(-4 * ((grey / 255 - 0.5) / 0.5)))

describe('pictures', () => {
  let folder: string
  let storage: Storage
  let blobs: Blobs
  let serving: Serving
  let http: HttpServer
  let bright: Buffer

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-pictures-'))
    storage = await openSqlite({ file: join(folder, 'test.db'), durability: 'process' })
    await storage.migrate(servingMigrations)
    blobs = await openBlobFolder(join(folder, 'blobs'))
    const { image, ...rest } = leftBrightness.signature
    const other = { ...leftBrightness, signature: { ...rest, image: { ...image!, fit: 'cover' as const } } }
    const endpoints = testEndpoints({ 1: leftBrightness, 2: other, 3: trainPackage(1) })
    endpoints.set('gate', { stable: alone(1) })
    endpoints.set('two', { stable: alone(1), reference: 2 })
    const log = { sample: 1, redact: [] }
    endpoints.set('kept', { stable: alone(1) }, { log: { ...log, pictures: 1 } })
    endpoints.set('private', { stable: alone(1) }, { log: { ...log, redact: ['picture'], pictures: 1 } })
    endpoints.set('table', { stable: alone(3) })
    serving = openServing({ storage, clock: systemClock, log: silent, endpoints, blobs, limits: PATIENT })
    http = await openHttp({ log: silent, version: '0', authorize: async () => ({ name: 'local', roles: ['admin'] }) })
    mountServing(http, serving)
    await serving.warmAll()
    bright = await halves(200, 20)
  })
  afterAll(async () => {
    await http.fastify.close()
    await serving.close()
    await storage.close()
    await rm(folder, { recursive: true })
  })

  async function send(url: string, payload: Buffer | object, type = 'image/png') {
    const headers = { 'content-type': Buffer.isBuffer(payload) ? type : 'application/json' }
    const reply = await http.fastify.inject({ method: 'POST', url, payload, headers })
    return { status: reply.statusCode, body: reply.json() }
  }
  const get = (url: string) => http.fastify.inject({ method: 'GET', url })

  it('are answered, and logged as their hash, size, statistics and embedding', async () => {
    const { status, body } = await send('/predict/gate?camera=north', bright)
    expect([status, body.error]).toEqual([200, undefined])
    const [prediction] = body.predictions
    expect(prediction).toMatchObject({ label: 'bright', version: 1, value: expect.closeTo(P(200), 2) })
    expect(prediction.probabilities.dark).toBeCloseTo(1 - prediction.value, 12)
    const { inputs } = (await serving.reads.prediction(prediction.id))!
    expect(inputs).toMatchObject({ camera: 'north', width: 64, height: 64, brightness: expect.closeTo(110 / 255, 2) })
    expect(inputs.picture).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(inputs.sharpness).toBeGreaterThan(0)
    expect(inputs.embedding_1).toBeCloseTo((110 / 255 - 0.5) / 0.5, 1)
    expect(inputs).not.toHaveProperty('embedding_4')
    expect(await blobs.has(String(inputs.picture))).toBe(false)
  })

  it('come as JPEG, in base64, as data URLs and as forms, to the same answer', async () => {
    const jpeg = await halves(200, 20, 'jpeg')
    const base64 = jpeg.toString('base64')
    const form = Buffer.concat([
      Buffer.from('--cut\r\ncontent-disposition: form-data; name="camera"\r\n\r\nsouth\r\n'),
      Buffer.from(
        '--cut\r\ncontent-disposition: form-data; name="f"; filename="f.jpg"\r\ncontent-type: image/jpeg\r\n\r\n',
      ),
      jpeg,
      Buffer.from('\r\n--cut--\r\n'),
    ])
    const answers = await Promise.all([
      send('/predict/gate', jpeg, 'image/jpeg'),
      send('/predict/gate', { records: [{ picture: base64 }, { picture: `data:image/jpeg;base64,${base64}` }] }),
      send('/predict/gate', form, 'multipart/form-data; boundary=cut'),
    ])
    const values = answers.flatMap(({ body }) => body.predictions.map(({ value }: { value: number }) => value))
    expect(values).toHaveLength(4)
    expect(new Set(values).size).toBe(1)
    const { inputs } = (await serving.reads.prediction(answers[2]!.body.predictions[0].id))!
    expect(inputs).toMatchObject({ camera: 'south' })
  })

  it('answer once under one id', async () => {
    const ask = (payload: Buffer) =>
      http.fastify.inject({
        ...{ method: 'POST', url: '/predict/gate', payload },
        headers: { 'content-type': 'image/png', 'x-request-id': 'frame-7' },
      })
    const [first, second] = [(await ask(bright)).json(), (await ask(bright)).json()]
    expect(second.predictions).toEqual(first.predictions)
    expect(first.predictions[0].id).toBe('frame-7')
    const another = (await ask(await halves(0, 0))).json()
    expect(another.predictions[0]).toMatchObject({ label: 'dark' })
    expect(another.predictions[0].id).not.toBe('frame-7')
  })

  it('are decoded for every version that looks at them', async () => {
    const { body } = await send('/predict/two', bright)
    const { scores } = (await serving.reads.prediction(body.predictions[0].id))!
    expect(Object.keys(scores)).toEqual(['1', '2'])
  })

  it('say which part of them made the answer, in numbers and as a picture', async () => {
    const { body } = await send('/predict/gate?explain=occlusion', bright)
    const [{ id, explanation }] = body.predictions
    expect(explanation).toMatchObject({ method: 'occlusion', score: expect.closeTo(P(200), 2) })
    expect(explanation.drops).toHaveLength(10)
    // Covering the bright left half with the mean colour makes it darker; the right half is nothing to this model.
    for (const row of explanation.drops) {
      expect(row[1]).toBeGreaterThan(0.001)
      expect(row.slice(6)).toEqual([0, 0, 0, 0])
    }
    for (const query of ['', '?plain=yes']) {
      const png = await get(`/api/predictions/${id}/explanation.png${query}`)
      expect([png.statusCode, png.headers['content-type']]).toEqual([200, 'image/png'])
      expect(png.rawPayload.subarray(1, 4).toString()).toBe('PNG')
    }
    const text = await get(`/api/predictions/${id}/explanation.png`)
    expect(text.rawPayload.equals((await get(`/api/predictions/${id}/explanation.png?plain=yes`)).rawPayload)).toBe(
      false,
    )
  })

  it('are kept where the project says so, and nowhere else', async () => {
    const hashOf = async (endpoint: string, picture: Buffer, query = '') => {
      const { body } = await send(`/predict/${endpoint}${query}`, picture)
      const { inputs } = (await serving.reads.prediction(body.predictions[0].id))!
      return { id: body.predictions[0].id, hash: inputs.picture }
    }
    const kept = await hashOf('kept', await halves(150, 10))
    expect((await blobs.get(String(kept.hash))).equals(await halves(150, 10))).toBe(true)
    const not = await hashOf('gate', await halves(151, 10))
    expect((await get(`/api/predictions/${not.id}/explanation.png`)).json().error).toMatchObject({
      code: 'ORRERY_SERVING_PICTURE_NOT_KEPT',
    })
    const secret = await hashOf('private', await halves(152, 10), '?explain=occlusion')
    expect(secret.hash).toBeUndefined()
    expect((await get(`/api/predictions/${secret.id}/explanation.png`)).statusCode).toBe(404)
    expect((await get('/api/predictions/none/explanation.png')).json().error.code).toBe(
      'ORRERY_SERVING_PREDICTION_UNKNOWN',
    )
  })

  it.each([
    ['a GIF', Buffer.from('GIF89a'), 'image/jpeg', 415, 'ORRERY_PICTURES_KIND_REFUSED'],
    ['no bytes', Buffer.alloc(0), 'image/png', 422, 'ORRERY_PICTURES_BROKEN'],
    ['half a picture', undefined, 'image/png', 422, 'ORRERY_PICTURES_BROKEN'],
    ['a type that is none', Buffer.from('x'), 'image/webp', 415, 'ORRERY_REQUEST_NOT_ACCEPTED'],
    [
      'a form of nothing',
      Buffer.from('--cut--\r\n'),
      'multipart/form-data; boundary=cut',
      400,
      'ORRERY_SERVING_FORM_WITHOUT_PICTURE',
    ],
  ])('are refused: %s', async (_, payload, type, status, code) => {
    const reply = await send('/predict/gate', payload ?? bright.subarray(0, bright.length / 2), type)
    expect([reply.status, reply.body.error?.code]).toEqual([status, code])
  })

  it('are refused by their number among many, and nothing of the request is logged', async () => {
    const before = (await serving.reads.counts('gate')).predictions
    const records = [{ picture: bright.toString('base64') }, { picture: Buffer.from('GIF89a').toString('base64') }]
    const { status, body } = await send('/predict/gate', { records })
    expect([status, body.error.code]).toEqual([422, 'ORRERY_RUNTIME_RECORD_INVALID'])
    expect(body.error.details).toEqual({ record: 1, field: 'picture' })
    for (const picture of [undefined, null, 7, 'no base64!', ''])
      expect((await send('/predict/gate', { records: [{ picture }] })).body.error.details).toEqual({
        record: 0,
        field: 'picture',
      })
    expect((await serving.reads.counts('gate')).predictions).toBe(before)
  })

  it('are what a version of them is checked on before its release', async () => {
    const pictures = await Promise.all([0, 90, 255].map((grey) => halves(grey, grey)))
    const records = pictures.map((picture) => ({ picture: picture.toString('base64') }))
    const check = (expected: number[]) => serving.checkRelease({ model: 'churn', version: 1, records, expected })
    const report = await check([P(0), P(90), P(255)])
    expect(report.checks.map(({ name, passed }) => [name, passed])).toEqual([
      ['answers', true],
      ['parity', true],
      ['latency', true],
      ['refuses broken requests', true],
    ])
    expect((await check([P(0), P(90), 0])).checks.find(({ name }) => name === 'parity')).toMatchObject({
      passed: false,
    })
  })

  it('are nothing to a model of tables', async () => {
    expect((await send('/predict/table', bright)).body.error.code).toBe('ORRERY_SERVING_NOT_OF_PICTURES')
    const { body } = await send('/predict/table?explain=occlusion', {
      records: [{ tenure: 3, charges: 80, plan: 'monthly' }],
    })
    expect(body.error.code).toBe('ORRERY_SERVING_NOT_OF_PICTURES')
  })
})
