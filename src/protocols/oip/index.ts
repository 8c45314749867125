import type { Authorize, HttpServer } from '#platform/http'
import type { Logger } from '#platform/log'
import { LARGEST_BODY } from './body.ts'
import { type GrpcServer, startGrpc } from './grpc/server.ts'
import type { InferenceModels } from './models.ts'
import { mountInferenceRest } from './routes.ts'

export { endpointModels } from './endpoint-models.ts'

/** The Open Inference Protocol V2 over REST, beside the other routes of a server. */
export function mountInference(http: HttpServer, needs: { models: InferenceModels; version: string }): void {
  mountInferenceRest(http, { ...needs, largestBody: LARGEST_BODY })
}

/** The same models over gRPC, on a port of its own. @throws GrpcPortInUse */
export function startInferenceGrpc(needs: {
  models: InferenceModels
  version: string
  authorize: Authorize
  log: Logger
  host: string
  port: number
}): Promise<GrpcServer> {
  return startGrpc({ ...needs, largestMessage: LARGEST_BODY })
}
