import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type HttpServer, openHttp } from '#platform/http'
import { openSqlite, type Storage } from '#platform/storage'
import { systemClock } from '#platform/time'
import { mountServing, openServing, type Serving, servingMigrations } from '#serving'
import { countingRegression } from '../../src/runtime/onnx.fixture.ts'
import { childrenOf } from '../../src/runtime/process/children.fixture.ts'
import {
  alone,
  PATIENT,
  silent,
  type TestEndpoints,
  testEndpoints,
  trainPackage,
} from '../../src/serving/serving.fixture.ts'

const CUSTOMER = { tenure: 3, charges: 80, plan: 'monthly' }
const FOR_EVER = 2 ** 40

/** Models that load, fail, hang, crash or are no models, behind one server. */
describe('beside a model that misbehaves', () => {
  let folder: string
  let storage: Storage
  let serving: Serving
  let http: HttpServer
  let endpoints: TestEndpoints

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-bad-models-'))
    storage = await openSqlite({ file: join(folder, 'test.db'), durability: 'process' })
    await storage.migrate(servingMigrations)
    const fine = trainPackage(1)
    const slow = {
      bytes: countingRegression(),
      signature: {
        task: 'regression' as const,
        classes: [],
        label: 'y',
        features: [{ name: 'times', kind: 'numeric' as const, required: true }],
      },
    }
    endpoints = testEndpoints({
      1: fine,
      2: slow,
      3: { ...fine, bytes: fine.bytes.subarray(0, fine.bytes.length >> 1) },
      4: { ...fine, requests: async () => Buffer.from(JSON.stringify({ record: CUSTOMER, answer: [0.123] })) },
    })
    endpoints.set('fine', { stable: alone(1) })
    endpoints.set('slow', { stable: alone(2) })
    endpoints.set('cut', { stable: alone(3) })
    endpoints.set('other', { stable: alone(4) })
    serving = openServing({
      ...{ storage, clock: systemClock, log: silent, endpoints, limits: PATIENT },
      runtime: { runMs: 2_000 },
    })
    http = await openHttp({ log: silent, version: '0', authorize: async () => ({ name: 'local', roles: ['admin'] }) })
    mountServing(http, serving)
    await serving.warmAll()
  })
  afterAll(async () => {
    await http.fastify.close()
    await serving.close()
    await storage.close()
    await rm(folder, { recursive: true })
  })

  async function predict(endpoint: string, ...records: object[]) {
    const reply = await http.fastify.inject({ method: 'POST', url: `/predict/${endpoint}`, payload: { records } })
    return { status: reply.statusCode, body: reply.json(), retryAfter: reply.headers['retry-after'] }
  }
  const fineAnswers = async () => {
    const started = performance.now()
    const { status } = await predict('fine', CUSTOMER)
    return { status, milliseconds: performance.now() - started }
  }

  it('a file that is no model, and one that answers otherwise than it was packaged, are never ready', async () => {
    const problems = new Map(serving.problems().map(({ endpoint, problem }) => [endpoint, problem]))
    expect([...problems.keys()].sort()).toEqual(['cut', 'other'])
    expect(problems.get('cut')).toMatch(/ONNX Runtime does not take the file/)
    expect(problems.get('other')).toMatch(/differs by .* from the answers it was packaged with/)
    for (const endpoint of ['cut', 'other']) {
      const { status, body } = await predict(endpoint, CUSTOMER)
      expect([status, body.error.code]).toEqual([503, 'ORRERY_SERVING_ENDPOINT_NOT_READY'])
    }
    expect(await fineAnswers()).toMatchObject({ status: 200 })
  })

  it('a run that hangs ends at its deadline with 504, and others answer meanwhile', async () => {
    expect((await predict('slow', { times: 7 })).body.predictions[0].value).toBe(7)
    const hanging = predict('slow', { times: FOR_EVER })
    const meanwhile: number[] = []
    let over = false
    void hanging.then(() => (over = true))
    while (!over) {
      const { status, milliseconds } = await fineAnswers()
      expect(status).toBe(200)
      meanwhile.push(milliseconds)
    }
    const { status, body } = await hanging
    expect([status, body.error.code]).toEqual([504, 'ORRERY_RUNTIME_MODEL_TIMED_OUT'])
    expect(meanwhile.length).toBeGreaterThan(20)
    expect(meanwhile.sort((a, b) => a - b)[meanwhile.length >> 1]).toBeLessThan(500)

    expect(serving.problems().map(({ endpoint }) => endpoint)).toContain('slow')
    expect(serving.status('slow')).toMatchObject({ ready: false, problem: 'churn@2: its process is starting' })
    // A request that comes while the process starts waits for it.
    expect((await predict('slow', { times: 8 })).body.predictions[0].value).toBe(8)
    expect(serving.status('slow')).toMatchObject({ ready: true, failed: 1 })
    expect(serving.status('fine').failed).toBe(0)
  })

  it.skipIf(!existsSync('/proc/self/stat'))(
    'a process that crashes again and again is left alone; all say when it is tried again',
    async () => {
      for (let crash = 0; crash < 6 && serving.status('slow').problem?.includes('too often') !== true; crash++) {
        await expect.poll(() => serving.status('slow').ready, { timeout: 20_000 }).toBe(true)
        const hanging = predict('slow', { times: FOR_EVER })
        await new Promise((resolve) => setTimeout(resolve, 200))
        // The spare one, which measured the others, may be among them.
        for (const child of childrenOf(process.pid)) process.kill(child, 'SIGSEGV')
        const { status, body } = await hanging
        expect([status, body.error.code]).toEqual([500, 'ORRERY_RUNTIME_MODEL_CRASHED'])
      }
      const { status, body, retryAfter } = await predict('slow', { times: 1 })
      expect([status, body.error.code]).toEqual([503, 'ORRERY_RUNTIME_MODEL_RESTING'])
      expect(Number(retryAfter)).toBeGreaterThan(0)
      expect(serving.problems()).toContainEqual({
        endpoint: 'slow',
        problem: expect.stringMatching(/its process ended too often; it is tried again in \d+ s/),
      })
      expect(await fineAnswers()).toMatchObject({ status: 200 })
    },
  )
})
