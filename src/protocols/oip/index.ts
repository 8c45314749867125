import type { Authorize, HttpServer } from '#platform/http'
import type { Logger } from '#platform/log'
import { LARGEST_BODY } from './body.ts'
import { type GrpcServer, startGrpc } from './grpc/server.ts'
import type { InferenceModels } from './models.ts'
import { mountInferenceRest } from './routes.ts'

export { LARGEST_BODY, readBody } from './body.ts'
export { TensorDataInvalid } from './codec/errors.ts'
export { parseJson } from './codec/exact-json.ts'
export { ModelUnknown } from './errors.ts'
export { type Column, feedsFromColumns, nestedOf, rowsOfOutputs, tensorOf } from './graph-rows.ts'
export type { GrpcServer } from './grpc/server.ts'
export type { InferenceModel, InferenceModels } from './models.ts'

/** The Open Inference Protocol V2 over REST, beside the other routes of a server. */
export function mountInference(
  http: HttpServer,
  needs: { models: InferenceModels; version: string; largestBody?: number },
): void {
  mountInferenceRest(http, { largestBody: LARGEST_BODY, ...needs })
}

/** The same models over gRPC, on a port of its own. @throws GrpcPortInUse */
export function startInferenceGrpc(needs: {
  models: InferenceModels
  version: string
  authorize: Authorize
  log: Logger
  host: string
  port: number
  largestMessage?: number
}): Promise<GrpcServer> {
  return startGrpc({ largestMessage: LARGEST_BODY, ...needs })
}
