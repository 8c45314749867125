import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as grpc from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Principal } from '#platform/http'
import { startInferenceGrpc } from '#protocols'
import { serviceIn } from '../../src/protocols/oip/grpc/schema.ts'
import { type InferenceServer, openInferenceServer } from './inference-server.ts'

type Call = (request: object, metadata?: grpc.Metadata, options?: object) => Promise<Reply>
// biome-ignore lint/suspicious/noExplicitAny: messages of any form
type Reply = any

/** What a `tritonclient` does not do: typed contents, tokens, cancelled calls, and the health check. */
describe('the Open Inference Protocol over gRPC', () => {
  let folder: string
  let server: InferenceServer
  let running: Awaited<ReturnType<typeof startInferenceGrpc>>
  let client: grpc.Client
  let health: grpc.Client
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-grpc-'))
    server = await openInferenceServer(folder)
    running = await startInferenceGrpc({
      ...server.inference,
      authorize: async ({ authorization }, permission): Promise<Principal> => {
        if (permission === 'public' || authorization !== 'Bearer wrong')
          return { name: 'somebody', roles: server.roles }
        throw Object.assign(new Error('Who?'), { code: 'ORRERY_TEST_NOBODY', status: 401, hint: 'Say who.' })
      },
      host: '127.0.0.1',
      port: 0,
      largestMessage: 1024 * 1024,
    })
    const clientOf = (file: string, service: string) =>
      new (grpc.makeGenericClientConstructor(serviceIn(file, service), service))(
        running.address,
        grpc.credentials.createInsecure(),
      )
    client = clientOf('inference.proto', 'inference.GRPCInferenceService')
    health = clientOf('health.proto', 'grpc.health.v1.Health')
  })
  afterAll(async () => {
    client.close()
    health.close()
    await running.stop()
    await server.close()
    await rm(folder, { recursive: true })
  })

  const call =
    (of: () => grpc.Client, method: string): Call =>
    (request, metadata = new grpc.Metadata(), options = {}) =>
      new Promise((resolve, reject) => {
        const ask = (of() as unknown as Record<string, (...args: unknown[]) => void>)[method]!.bind(of())
        ask(request, metadata, options, (error: Error | null, reply: Reply) => (error ? reject(error) : resolve(reply)))
      })
  const infer = call(() => client, 'ModelInfer')
  const record = [
    { name: 'tenure', datatype: 'INT32', shape: [1], contents: { int_contents: [3] } },
    { name: 'charges', datatype: 'FP64', shape: [1], contents: { fp64_contents: [80] } },
    { name: 'plan', datatype: 'BYTES', shape: [1], contents: { bytes_contents: [Buffer.from('monthly')] } },
  ]

  it('answers typed contents in typed contents, as over HTTP', async () => {
    const reply = await infer({ model_name: 'retention', id: 'typed', inputs: record })
    expect(reply).toMatchObject({ model_name: 'retention', model_version: '1', id: 'typed', raw_output_contents: [] })
    const outputs = Object.fromEntries(reply.outputs.map((one: { name: string }) => [one.name, one]))
    const logged = await server.serving.reads.prediction('typed')
    expect(outputs.probabilities.contents.fp64_contents[1]).toBe(logged!.value)
    expect(outputs.prediction_id.contents.bytes_contents.map(String)).toEqual(['typed'])
    expect(logged!.inputs).toEqual({ tenure: 3, charges: 80, plan: 'monthly' })
  })

  it('keeps a user to their arm by a parameter', async () => {
    for (let u = 0; u < 6; u++) {
      const parameters = { 'x-user': { string_param: `user ${u}` } }
      const ask = async () => (await infer({ model_name: 'split', inputs: record, parameters })).model_version
      const other = await server.serving.predict({
        endpoint: 'split',
        records: [{ tenure: 3, charges: 80, plan: 'monthly' }],
        header: () => `user ${u}`,
      })
      expect([await ask(), await ask()]).toEqual(new Array(2).fill(String(other.predictions[0]!.version)))
    }
  })

  it('keeps whole numbers of 64 bits', async () => {
    const reply = await infer({
      model_name: 'pair',
      inputs: [{ name: 'x', datatype: 'INT64', shape: [1, 1], contents: { int64_contents: ['9007199254740993'] } }],
    })
    expect(reply.outputs[0].contents.int64_contents.map(String)).toEqual(['9007199254740993', '9007199254740993'])
    const logged = await server.serving.reads.prediction(reply.parameters.prediction_id.string_param)
    expect(logged!.inputs['output:y']).toBe('INT64[1,2] 9007199254740993 9007199254740993')
  })

  it.each<[string, object, string, number]>([
    [
      'a value that is none of its datatype',
      { ...record[0], datatype: 'INT8', contents: { int_contents: [300] } },
      'no INT8',
      3,
    ],
    ['a negative size', { ...record[0], shape: [-1] }, 'its shape is [-1]', 3],
    ['too few values', { ...record[0], contents: {} }, 'there are 0 values in int_contents', 3],
    ['another datatype', { ...record[0], datatype: 'FP8' }, 'no datatype', 3],
    [
      'shared memory',
      { ...record[0], parameters: { shared_memory_region: { string_param: 'a' } } },
      'shared memory',
      3,
    ],
  ])('refuses %s', async (_, input, words, code) => {
    const asked = infer({ model_name: 'retention', inputs: [input, ...record.slice(1)] })
    await expect(asked).rejects.toMatchObject({ code, details: expect.stringContaining(words) })
  })

  it('refuses bytes that are not of every input, and a model without a version as unavailable', async () => {
    const some = infer({ model_name: 'retention', inputs: record, raw_input_contents: [Buffer.alloc(4)] })
    await expect(some).rejects.toMatchObject({ code: grpc.status.INVALID_ARGUMENT })
    await expect(infer({ model_name: 'empty', inputs: record })).rejects.toMatchObject({
      code: grpc.status.UNAVAILABLE,
    })
    const ready = call(() => client, 'ModelReady')
    expect((await ready({ name: 'empty' })).ready).toBe(false)
    expect((await ready({ name: 'retention' })).ready).toBe(true)
    await expect(ready({ name: 'nobody' })).rejects.toMatchObject({ code: grpc.status.NOT_FOUND })
  })

  it('asks who it is, in a stream too, and what they may do', async () => {
    const metadata = new grpc.Metadata()
    metadata.set('authorization', 'Bearer wrong')
    await expect(infer({ model_name: 'retention', inputs: record }, metadata)).rejects.toMatchObject({
      code: grpc.status.UNAUTHENTICATED,
    })
    const stream = (
      client as unknown as Record<string, (metadata: grpc.Metadata) => grpc.ClientDuplexStream<object, object>>
    ).ModelStreamInfer!(metadata)
    stream.write({ model_name: 'retention', inputs: record })
    const [error] = await once(stream, 'error').catch((thrown) => [thrown])
    expect(error).toMatchObject({ code: grpc.status.UNAUTHENTICATED })
    server.roles = ['app']
    const past = infer({ model_name: 'retention', model_version: '2', inputs: record })
    await expect(past).rejects.toMatchObject({ code: grpc.status.PERMISSION_DENIED })
    server.roles = ['admin']
  })

  it('answers others after a call that was given up, a deadline that passed, and a message that is too large', async () => {
    const passed = infer({ model_name: 'retention', inputs: record }, new grpc.Metadata(), { deadline: Date.now() - 1 })
    await expect(passed).rejects.toMatchObject({ code: grpc.status.DEADLINE_EXCEEDED })
    for (let i = 0; i < 20; i++) {
      const stream = (client as unknown as Record<string, () => grpc.ClientDuplexStream<object, object>>)
        .ModelStreamInfer!()
      stream.on('error', () => undefined)
      for (let k = 0; k < 50; k++) stream.write({ model_name: 'retention', inputs: record })
      stream.cancel()
    }
    const large = { ...record[2], shape: [1], contents: { bytes_contents: [Buffer.alloc(2 * 1024 * 1024)] } }
    await expect(infer({ model_name: 'retention', inputs: [large] })).rejects.toMatchObject({
      code: grpc.status.RESOURCE_EXHAUSTED,
    })
    expect((await infer({ model_name: 'retention', inputs: record })).outputs).toHaveLength(3)
  })

  it('is asked after its health by Kubernetes', async () => {
    expect(await call(() => health, 'Check')({})).toMatchObject({ status: 1 })
  })
})
