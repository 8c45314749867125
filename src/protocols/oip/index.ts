import type { HttpServer } from '#platform/http'
import type { Serving } from '#serving'
import { LARGEST_BODY } from './body.ts'
import { endpointModels, type PackagedVersions } from './endpoint-models.ts'
import { mountInferenceRest } from './routes.ts'

/** The Open Inference Protocol V2 over a server's endpoints and registered versions. */
export function mountInference(
  http: HttpServer,
  { version, ...needs }: { serving: Serving; registry: PackagedVersions; version: string },
): void {
  mountInferenceRest(http, { models: endpointModels(needs), version, largestBody: LARGEST_BODY })
}
