import { join } from 'node:path'
import { type Authorize, type HttpServer, openHttp } from '#platform/http'
import { openSqlite } from '#platform/storage'
import { systemClock } from '#platform/time'
import { endpointModels, invokedEndpoint, mountEndpointOpenApi, mountInference, mountInvocations } from '#protocols'
import { VersionUnknown } from '#registry'
import { mountServing, openServing, type Serving, servingMigrations } from '#serving'
import { node, onnxFile, value, whole } from '../../src/runtime/onnx.fixture.ts'
import { leftBrightness } from '../../src/serving/pictures.fixture.ts'
import { alone, PATIENT, silent, testEndpoints, trainPackage } from '../../src/serving/serving.fixture.ts'

/** A record that every endpoint here takes but `matrix`. */
export const RECORD = { tenure: 3, charges: 80, plan: 'monthly' }

/** The sum of two features that stand side by side in its one input. */
const MATRIX = {
  bytes: onnxFile({
    node: [node('ReduceSum', ['input', 'axes'], ['sum'], { keepdims: { i: 1 } })],
    initializer: [whole('axes', [1], [1])],
    input: [value('input', 'FP32', ['n', 2])],
    output: [value('sum', 'FP32', ['n', 1])],
  }),
  signature: {
    task: 'regression' as const,
    classes: [],
    label: 'sum',
    features: ['a', 'b'].map((name) => ({ name, kind: 'numeric' as const, required: true })),
    graph: { inputs: [{ name: 'input', type: 'float32' as const, features: ['a', 'b'] }], output: 'sum' },
  },
}

/** Plain tensors: what is sent, twice over. */
const PAIR = {
  bytes: onnxFile({
    node: [node('Concat', ['x', 'x'], ['y'], { axis: { i: 1 } })],
    input: [value('x', 'INT64', ['n', 1])],
    output: [value('y', 'INT64', ['n', 2])],
  }),
  signature: {
    task: 'regression' as const,
    classes: [],
    label: '',
    features: [],
    tensors: {
      inputs: [{ name: 'x', datatype: 'INT64' as const, shape: [-1, 1] }],
      outputs: [{ name: 'y', datatype: 'INT64' as const, shape: [-1, 2] }],
    },
  },
}

export interface InferenceServer {
  readonly http: HttpServer
  readonly serving: Serving
  /** What gRPC is started with. */
  readonly inference: {
    models: ReturnType<typeof endpointModels>
    authorize: Authorize
    version: string
    log: typeof silent
  }
  /** What whoever asks may do. */
  roles: string[]
  close(): Promise<void>
}

/** The real gateway, log and models behind the protocols; endpoints and their packages are in memory. */
export async function openInferenceServer(folder: string): Promise<InferenceServer> {
  const storage = await openSqlite({ file: join(folder, 'test.db'), durability: 'process' })
  await storage.migrate(servingMigrations)
  const endpoints = testEndpoints({
    1: trainPackage(1),
    2: trainPackage(2),
    3: trainPackage(3, 'multiclass'),
    4: trainPackage(4, 'regression'),
    5: MATRIX,
    6: leftBrightness,
    7: PAIR,
  })
  endpoints.set('retention', { stable: alone(1) })
  endpoints.set('band', { stable: alone(3) })
  endpoints.set('amount', { stable: alone(4) })
  endpoints.set('matrix', { stable: alone(5) })
  endpoints.set('timed', { stable: alone(1) }, { time: ['day', 'clock'] })
  endpoints.set('light', { stable: alone(6) })
  endpoints.set('pair', { stable: alone(7) })
  endpoints.set('empty', {})
  // Half of the users meet version 2.
  const sticky = { header: 'x-user' }
  endpoints.set('split', { stable: alone(1), canary: { version: 2, share: 0.5, answer: alone(2), sticky } })
  const serving = openServing({ storage, clock: systemClock, log: silent, endpoints, limits: PATIENT })
  const registry = {
    packaged: async (model: string, version: number) => {
      if (!endpoints.packages.has(`${model}@${version}`)) throw new VersionUnknown(model, version)
    },
  }
  const authorize: Authorize = async () => ({ name: 'somebody', roles: server.roles })
  const inference = { models: endpointModels({ serving, registry }), authorize, version: '0', log: silent }
  const server: InferenceServer = {
    serving,
    inference,
    roles: ['admin'],
    http: await openHttp({ log: silent, version: '0', authorize }),
    close: async () => {
      await server.http.fastify.close()
      await serving.close()
      await storage.close()
    },
  }
  mountServing(server.http, serving)
  mountInference(server.http, inference)
  mountEndpointOpenApi(server.http, { serving, version: '0' })
  mountInvocations(server.http, { model: (endpoint) => invokedEndpoint(serving, endpoint) })
  await serving.warmAll()
  return server
}
