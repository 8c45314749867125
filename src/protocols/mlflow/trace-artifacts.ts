import { createReadStream } from 'node:fs'
import { basename } from 'node:path/posix'
import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import type { Handlers } from '#platform/http'
import { defineRoutes } from '#platform/http/contract'
import type { Tracing } from '#tracing'
import { checkArtifactPath } from '#tracking'
import { readBody } from '../otlp/body.ts'
import { ParameterInvalid } from './dialect.ts'
import { Nothing } from './messages.ts'
import { spansFile, spansInFile } from './span-entities.ts'

/** Whatever comes after the last `artifacts/` of `artifactUri` of a trace. */
const Place = z.object({ experiment: z.string(), trace: z.string(), '*': z.string() })
const PATH = '/api/2.0/mlflow-artifacts/artifacts/:experiment/traces/:trace/artifacts/*'

export const traceArtifactRoutes = defineRoutes({
  downloadTraceFile: {
    method: 'GET',
    path: PATH,
    permission: 'tracing:read',
    summary: 'MLflow: a file of a trace; traces.json is its spans.',
    params: Place,
    raw: true,
    reply: z.unknown(),
  },
  uploadTraceFile: {
    method: 'PUT',
    path: PATH,
    permission: 'tracing:send',
    summary: 'MLflow: keeps a file of a trace; what is in traces.json is kept as its spans.',
    params: Place,
    upload: true,
    reply: Nothing,
  },
})

/** The file in which clients that know no spans on the server keep them: here it is read, and written, as spans. */
const SPANS = 'traces.json'
/** What is larger is refused: it would have to be held in memory whole. */
const LARGEST_SPANS = 64 * 1024 * 1024

export function traceArtifactHandlers({ tracing }: { tracing: Tracing }): Handlers<typeof traceArtifactRoutes> {
  return {
    downloadTraceFile: async ({ params: { trace, '*': path }, reply }) => {
      checkArtifactPath(path)
      if (path === SPANS && (await tracing.trace(trace)).spans > 0) {
        const bytes = Buffer.from(spansFile(await tracing.spans(trace)))
        return send(reply, SPANS, Readable.from([bytes]), bytes.length)
      }
      const { file, size } = await tracing.openAttachment(trace, path)
      return send(reply, path, createReadStream(file), size)
    },
    uploadTraceFile: async ({ params: { trace, '*': path }, request }) => {
      checkArtifactPath(path)
      if (path !== SPANS) {
        await tracing.attach(trace, path, request.raw)
        return {}
      }
      const { id, experimentId } = await tracing.trace(trace)
      const text = new TextDecoder().decode(await readBody(request.raw, LARGEST_SPANS))
      const [reason] = await tracing.recordSpans(experimentId, spansInFile(id, text))
      if (reason !== undefined) throw new ParameterInvalid(`The file of spans cannot be read: ${reason}`)
      return {}
    },
  }
}

function send(reply: FastifyReply, path: string, bytes: Readable, size: number) {
  return (
    reply
      // Whatever it is, a browser is to save it: an HTML file from a client has no business in this origin.
      .header('content-type', 'application/octet-stream')
      .header('x-content-type-options', 'nosniff')
      .header('content-disposition', `attachment; filename*=UTF-8''${encodeURIComponent(basename(path))}`)
      .header('content-length', size)
      .send(bytes)
  )
}
