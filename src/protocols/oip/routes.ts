import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { deflate, gzip } from 'node:zlib'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { HttpServer, Principal, RawAnswer } from '#platform/http'
import { readBody } from './body.ts'
import { InferRequestInvalid } from './codec/errors.ts'
import { HEADER_LENGTH, headerOr, readInferRequest } from './codec/request.ts'
import { writeInferResponse } from './codec/response.ts'
import { oipRoutes } from './contract.ts'
import { oipDialect } from './dialect.ts'
import { indexOf, modelConfig, modelMetadata, serverMetadata, statisticsOf } from './metadata.ts'
import type { InferenceModels } from './models.ts'

/** Below this a packed answer is hardly smaller than the answer. */
const WORTH_PACKING_BYTES = 1_400

interface Asked {
  params: { model: string; version?: string }
  principal: Principal
  request: FastifyRequest
  reply: FastifyReply
}

export function mountInferenceRest(
  http: HttpServer,
  { models, version, largestBody }: { models: InferenceModels; version: string; largestBody: number },
): void {
  const asked = ({ params, principal }: Asked) => models.model(params.model, params.version, principal)

  async function answer(
    request: IncomingMessage,
    { model: name, version: number }: Asked['params'],
    principal: Principal,
  ): Promise<RawAnswer> {
    const { headers } = request
    const json = headerLengthOf(headers[HEADER_LENGTH])
    const body = await readBody(request, largestBody, json)
    const read = readInferRequest(body, json)
    const model = await models.model(name, number, principal)
    const id = read.id ?? [headers['x-request-id']].flat()[0]
    const header = headerOr((sent) => [headers[sent]].flat()[0], read.parameters)
    const { body: written, headerLength } = writeInferResponse(
      await model.infer({ ...read, id, header }),
      read.isBinary,
    )
    const packed = await pack(written, headers['accept-encoding'])
    return {
      body: packed.body,
      headers: {
        'content-type': headerLength === undefined ? 'application/json; charset=utf-8' : 'application/octet-stream',
        ...(headerLength !== undefined && { [HEADER_LENGTH]: headerLength }),
        ...(packed.encoding && { 'content-encoding': packed.encoding }),
      },
    }
  }

  async function infer({ params, principal, request, reply }: Asked): Promise<FastifyReply> {
    const { body, headers } = await answer(request.raw, params, principal)
    return reply.headers(headers).send(body)
  }

  http.mountFastRaw(oipRoutes.infer, {
    answer: ({ name, request, principal }) => answer(request, { model: name }, principal),
    renderError: oipDialect.renderError,
  })

  /** A status is all that is asked for; why it is not 200 is said all the same. */
  const ready = async (of: Asked) => {
    await asked(of)
    return of.reply.send()
  }

  http.mount(
    'oip',
    oipRoutes,
    {
      serverLive: async ({ reply }) => reply.send(),
      serverReady: async ({ reply }) => {
        const problems = models.problems()
        if (problems.length === 0) return reply.send()
        return reply.status(503).send({ error: problems.join('; ') })
      },
      serverMetadata: async () => serverMetadata(version),
      modelMetadata: async (of) => modelMetadata(await asked(of)),
      versionMetadata: async (of) => modelMetadata(await asked(of)),
      modelReady: ready,
      versionReady: ready,
      modelConfig: async (of) => modelConfig(await asked(of)),
      versionConfig: async (of) => modelConfig(await asked(of)),
      infer,
      inferVersion: infer,
      statistics: async () => statisticsOf(await models.counts()),
      modelStatistics: async ({ params }) => statisticsOf(await models.counts(params.model)),
      repositoryIndex: async ({ body }) => indexOf(await models.index(), body?.ready === true),
      loadModel: async ({ params, reply }) => {
        await models.load(params.model)
        return reply.send()
      },
      unloadModel: async ({ params, reply }) => {
        await models.unload(params.model)
        return reply.send()
      },
    },
    oipDialect,
  )
}

/** @throws InferRequestInvalid */
function headerLengthOf(value: string | string[] | undefined): number | undefined {
  if (value === undefined) return undefined
  const length = Number(value)
  if (Number.isSafeInteger(length) && length >= 0) return length
  throw new InferRequestInvalid(`its ${HEADER_LENGTH} is no number`, 'Send how many bytes of the body are JSON.')
}

const PACKERS = { gzip: promisify(gzip), deflate: promisify(deflate) }

/** The answer as it is, or packed the first way that the client takes. */
async function pack(
  body: string | Buffer,
  accepted: string | string[] | undefined,
): Promise<{ body: string | Buffer; encoding?: keyof typeof PACKERS }> {
  if (body.length < WORTH_PACKING_BYTES || accepted === undefined) return { body }
  const taken = String(accepted)
    .toLowerCase()
    .split(',')
    .filter((one) => !/;\s*q=0(\.0*)?\s*$/.test(one))
    .map((one) => one.split(';')[0]!.trim())
  const encoding = (['gzip', 'deflate'] as const).find((one) => taken.includes(one))
  return encoding ? { body: await PACKERS[encoding](body), encoding } : { body }
}
