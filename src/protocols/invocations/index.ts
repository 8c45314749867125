import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { HttpServer } from '#platform/http'
import { defineRoutes } from '#platform/http/contract'
import { LARGEST_BODY, readBody } from '../oip/index.ts'
import { scoringDialect } from './dialect.ts'
import type { InvokedModel } from './models.ts'
import { readInvocation } from './table.ts'

export { type InvokedModel, invokedGraph } from './models.ts'
export { invokedRecords } from './records.ts'

const invocation = {
  method: 'POST',
  permission: 'serving:predict',
  summary: 'MLflow’s scoring protocol: dataframe_split, dataframe_records, instances, inputs, or CSV.',
  reply: z.unknown(),
  raw: true,
  upload: true,
} as const
const OneEndpoint = z.object({ endpoint: z.string() })

export const invocationRoutes = defineRoutes({
  invoke: { ...invocation, path: '/endpoints/:endpoint/invocations', params: OneEndpoint },
  invokeServingEndpoint: { ...invocation, path: '/serving-endpoints/:endpoint/invocations', params: OneEndpoint },
})

/** MLflow's scoring protocol per endpoint, under the addresses of `mlflow.deployments` and of Databricks. */
export function mountInvocations(
  http: HttpServer,
  { model, largestBody = LARGEST_BODY }: { model: (endpoint: string) => Promise<InvokedModel>; largestBody?: number },
): void {
  const invoke = async ({ params, request, reply }: InvokedAt) =>
    reply.send(await answered(await model(params.endpoint), request, largestBody))
  http.mount('invocations', invocationRoutes, { invoke, invokeServingEndpoint: invoke }, scoringDialect)
}

const scoringRoutes = defineRoutes({
  invocations: { ...invocation, path: '/invocations' },
  ping: {
    method: 'GET',
    path: '/ping',
    permission: 'public',
    summary: 'MLflow’s scoring protocol: the server answers.',
    reply: z.unknown(),
    raw: true,
  },
  version: {
    method: 'GET',
    path: '/version',
    permission: 'public',
    summary: 'MLflow’s scoring protocol: the version of the server.',
    reply: z.unknown(),
    raw: true,
  },
})

/** The addresses of `mlflow models serve`, for a server of one model. */
export function mountScoring(
  http: HttpServer,
  { model, version, largestBody }: { model: () => Promise<InvokedModel>; version: string; largestBody: number },
): void {
  http.mount(
    'invocations',
    scoringRoutes,
    {
      invocations: async ({ request, reply }) => reply.send(await answered(await model(), request, largestBody)),
      ping: async ({ reply }) => reply.type('application/json').send('\n'),
      version: async ({ reply }) => reply.type('application/json').send(version),
    },
    scoringDialect,
  )
}

interface InvokedAt {
  params: { endpoint: string }
  request: FastifyRequest
  reply: FastifyReply
}

async function answered(model: InvokedModel, request: FastifyRequest, largestBody: number): Promise<object> {
  const body = await readBody(request.raw, largestBody)
  const asked = readInvocation(request.headers['content-type'], body, model.isText)
  const [requestId] = [request.headers['x-request-id']].flat()
  return { predictions: await model.invoke(asked, requestId) }
}
