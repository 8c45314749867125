import type * as Grpc from '@grpc/grpc-js'
import type { Authorize, Principal } from '#platform/http'
import type { Logger } from '#platform/log'
import { indexOf, modelConfig, modelMetadata, serverMetadata, statisticsOf } from '../metadata.ts'
import type { InferenceModels } from '../models.ts'
import { grpcFailure } from './failures.ts'
import { inferMessage, type InferRequestMessage, readInferMessage } from './messages.ts'
import { serviceIn } from './schema.ts'
import { GrpcPortInUse } from './errors.ts'
import { answerStream } from './stream.ts'

/** As long as calls under way may take before a server that stops ends them. */
const STOP_MS = 5_000

export interface GrpcServer {
  /** `host:port`, as clients are told it. */
  readonly address: string
  stop(): Promise<void>
}

export interface GrpcNeeds {
  readonly models: InferenceModels
  readonly authorize: Authorize
  readonly log: Logger
  readonly version: string
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** Bytes of a message. */
  readonly largestMessage: number
}

interface Named {
  name: string
  version: string
}

/** Starts the Open Inference Protocol over gRPC. @throws GrpcPortInUse */
export async function startGrpc(needs: GrpcNeeds): Promise<GrpcServer> {
  // Loaded on first use: most servers speak HTTP only, and should not wait for it.
  const grpc = await import('@grpc/grpc-js')
  const { models, authorize, log, version, host, largestMessage } = needs
  const server = new grpc.Server({
    'grpc.max_receive_message_length': largestMessage,
    'grpc.max_send_message_length': -1,
  })

  const identify = (call: { metadata: Grpc.Metadata }, permission: string): Promise<Principal> => {
    const [authorization] = call.metadata.get('authorization')
    // No browser speaks gRPC without help, so no page of somebody else's can.
    return authorize({ authorization: authorization?.toString(), host: undefined, origin: undefined }, permission)
  }
  const failed = (error: unknown, method: string) => {
    const failure = grpcFailure(grpc.status, error)
    if (failure.code === grpc.status.INTERNAL) log.error({ err: error, method }, 'request failed')
    return failure
  }
  const unary =
    <Request>(
      method: string,
      permission: string,
      answer: (request: Request, caller: Principal, call: { readonly metadata: Grpc.Metadata }) => Promise<object>,
    ) =>
    (call: Grpc.ServerUnaryCall<Request, object>, done: Grpc.sendUnaryData<object>) => {
      identify(call, permission)
        .then((caller) => answer(call.request, caller, call))
        // Whoever has given up is told nothing more: their deadline passed, or they cancelled.
        .then(
          (reply) => call.cancelled || done(null, reply),
          (error) => call.cancelled || done(failed(error, method)),
        )
    }

  const infer = async (
    request: InferRequestMessage,
    caller: Principal,
    { metadata }: { readonly metadata: Grpc.Metadata },
  ) => {
    const read = readInferMessage(request, (name) => metadata.get(name)[0]?.toString())
    const model = await models.model(request.model_name, request.model_version, caller)
    return inferMessage(await model.infer(read), request)
  }
  const named = ({ name, version: number }: Named, caller: Principal) => models.model(name, number, caller)
  const isReady = () => models.problems().length === 0

  server.addService(serviceIn('inference.proto', 'inference.GRPCInferenceService'), {
    ServerLive: unary('ServerLive', 'public', async () => ({ live: true })),
    ServerReady: unary('ServerReady', 'public', async () => ({ ready: isReady() })),
    ServerMetadata: unary('ServerMetadata', 'public', async () => serverMetadata(version)),
    ModelReady: unary('ModelReady', 'serving:predict', async (request: Named, caller) => ({
      ready: await named(request, caller).then(
        () => true,
        (error) => {
          if ((error as { status?: number }).status === 503) return false
          throw error
        },
      ),
    })),
    ModelMetadata: unary('ModelMetadata', 'serving:predict', async (request: Named, caller) =>
      modelMetadata(await named(request, caller)),
    ),
    ModelConfig: unary('ModelConfig', 'serving:predict', async (request: Named, caller) => ({
      config: modelConfig(await named(request, caller)),
    })),
    ModelInfer: unary('ModelInfer', 'serving:predict', infer),
    ModelStreamInfer: (call: Grpc.ServerDuplexStream<InferRequestMessage, object>) => {
      answerStream(call, {
        begin: () => identify(call, 'serving:predict'),
        answer: (request, caller) => infer(request, caller, call),
        failureOf: (error) => failed(error, 'ModelStreamInfer'),
      })
    },
    ModelStatistics: unary('ModelStatistics', 'serving:read', async ({ name }: Named) =>
      statisticsOf(await models.counts(name === '' ? undefined : name)),
    ),
    RepositoryIndex: unary('RepositoryIndex', 'serving:read', async ({ ready }: { ready: boolean }) => ({
      models: indexOf(await models.index(), ready),
    })),
    RepositoryModelLoad: unary('RepositoryModelLoad', 'serving:write', async (request: { model_name: string }) => {
      await models.load(request.model_name)
      return {}
    }),
    RepositoryModelUnload: unary('RepositoryModelUnload', 'serving:write', async (request: { model_name: string }) => {
      await models.unload(request.model_name)
      return {}
    }),
  })
  server.addService(serviceIn('health.proto', 'grpc.health.v1.Health'), {
    Check: unary('Check', 'public', async () => ({ status: isReady() ? 'SERVING' : 'NOT_SERVING' })),
  })

  const address = host.includes(':') ? `[${host}]` : host
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${address}:${needs.port}`, grpc.ServerCredentials.createInsecure(), (error, bound) => {
      if (error) reject(new GrpcPortInUse(host, needs.port, error))
      else resolve(bound)
    })
  })
  return {
    address: `${address}:${port}`,
    stop: () =>
      new Promise((resolve) => {
        const timer = setTimeout(() => server.forceShutdown(), STOP_MS)
        server.tryShutdown(() => {
          clearTimeout(timer)
          resolve()
        })
      }),
  }
}
