import { z } from 'zod'
import type { HttpServer } from '#platform/http'
import { defineRoutes } from '#platform/http/contract'
import { outputNameOf } from '#runtime'
import { takesRecords } from '#runtime/contract'
import type { Serving } from '#serving'
import { tabularInputs, tabularOutputs } from '../oip/tabular.ts'
import { endpointOpenApi } from './describe.ts'

const openApiRoutes = defineRoutes({
  endpointOpenApi: {
    method: 'GET',
    path: '/api/endpoints/:endpoint/openapi.json',
    permission: 'serving:read',
    summary: 'The API of one endpoint as OpenAPI 3.1, from its signature.',
    params: z.object({ endpoint: z.string() }),
    reply: z.unknown(),
    raw: true,
  },
})

/** A description of each endpoint that code can be generated from. */
export function mountEndpointOpenApi(
  http: HttpServer,
  { serving, version }: { serving: Serving; version: string },
): void {
  http.mount('serving', openApiRoutes, {
    endpointOpenApi: async ({ params, request, reply }) => {
      const endpoint = await serving.answering(params.endpoint)
      const { signature, graph } = endpoint
      const tensors = takesRecords(signature)
        ? { inputs: tabularInputs(endpoint), outputs: tabularOutputs(signature, outputNameOf(signature)) }
        : graph
      const server = `${request.protocol}://${request.host}`
      return reply.send(endpointOpenApi({ ...endpoint, tensors }, { server, version }))
    },
  })
}
