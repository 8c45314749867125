import { createReadStream } from 'node:fs'
import { basename } from 'node:path/posix'
import { z } from 'zod'
import type { FastifyReply } from 'fastify'
import type { Handlers } from '#platform/http'
import { defineRoutes } from '#platform/http/contract'
import { checkArtifactPath, type Tracking } from '#tracking'
import { ParameterInvalid } from './dialect.ts'
import { runInfo } from './entities.ts'
import { listFolder } from './list-folder.ts'
import { FileInfo, Nothing, PageToken, Required, RunRef, unlessEmpty } from './messages.ts'
import { runId } from './runs.ts'

const Files = z.object({ files: z.array(FileInfo).optional() })
const Place = z.object({ '*': z.string() })

export const artifactRoutes = defineRoutes({
  listRunArtifacts: {
    method: 'GET',
    path: '/api/2.0/mlflow/artifacts/list',
    permission: 'tracking:read',
    summary: 'MLflow: what lies in a folder of a run.',
    query: RunRef.extend({ path: z.string().optional(), page_token: PageToken }),
    reply: Files.extend({ root_uri: z.string() }),
  },
  listArtifacts: {
    method: 'GET',
    path: '/api/2.0/mlflow-artifacts/artifacts',
    permission: 'tracking:read',
    summary: 'MLflow: what lies in a folder of a run or a logged model.',
    query: z.object({ path: z.string().default('') }),
    reply: Files,
  },
  downloadArtifact: {
    method: 'GET',
    path: '/api/2.0/mlflow-artifacts/artifacts/*',
    permission: 'tracking:read',
    summary: 'MLflow: the bytes of an artifact.',
    params: Place,
    raw: true,
    reply: z.unknown(),
  },
  uploadArtifact: {
    method: 'PUT',
    path: '/api/2.0/mlflow-artifacts/artifacts/*',
    permission: 'tracking:write',
    summary: 'MLflow: keeps an artifact of any size as it arrives.',
    params: Place,
    upload: true,
    raw: true,
    reply: z.unknown(),
  },
  fetchArtifact: {
    method: 'GET',
    path: '/get-artifact',
    permission: 'tracking:read',
    summary: 'MLflow: the bytes of an artifact of a run.',
    query: RunRef.extend({ path: Required }),
    raw: true,
    reply: z.unknown(),
  },
  uploadFromPage: {
    method: 'POST',
    path: '/api/2.0/mlflow/upload-artifact',
    permission: 'tracking:write',
    summary: 'MLflow: keeps an artifact of at most 10 MiB.',
    query: RunRef.extend({ path: Required }),
    upload: true,
    raw: true,
    reply: z.unknown(),
  },
  deleteArtifacts: {
    method: 'DELETE',
    path: '/api/2.0/mlflow-artifacts/artifacts/*',
    permission: 'tracking:write',
    summary: 'MLflow: removes an artifact, or a folder of them.',
    params: Place,
    reply: Nothing,
  },
})

export function artifactHandlers({ tracking }: { tracking: Tracking }): Handlers<typeof artifactRoutes> {
  return {
    listRunArtifacts: async ({ query }) => {
      const run = await tracking.run(runId(query))
      return {
        root_uri: runInfo(run).artifact_uri,
        ...(await filesIn(tracking, run.id, query.path)),
      }
    },
    listArtifacts: async ({ query }) => {
      const { owner, path } = placeFrom(query.path)
      return unlessEmpty('files', listFolder(await tracking.artifacts(owner, path), path))
    },
    downloadArtifact: async ({ params, reply }) => {
      const { owner, path } = fileFrom(params['*'])
      return sendArtifact(reply, await tracking.openArtifact(owner, path))
    },
    fetchArtifact: async ({ query, reply }) => {
      const run = await tracking.run(runId(query))
      return sendArtifact(reply, await tracking.openArtifact(run.id, checkArtifactPath(query.path)))
    },
    uploadFromPage: async ({ query, request, reply }) => {
      const path = checkArtifactPath(query.path)
      const size = Number(request.headers['content-length'])
      if (!(size > 0)) throw new ParameterInvalid('The request has no data, or does not say how much.')
      if (size > LARGEST_FROM_PAGE) throw new ParameterInvalid('The artifact is larger than 10 MiB.', 'PUT it instead.')
      await tracking.addArtifact(runId(query), path, request.raw)
      return reply.send()
    },
    uploadArtifact: async ({ params, request, reply }) => {
      if (params['*'].endsWith('/')) throw new ParameterInvalid('The path ends with /, so it names no file.')
      const { owner, path } = fileFrom(params['*'])
      await tracking.addArtifact(owner, path, request.raw)
      return reply.send()
    },
    deleteArtifacts: async ({ params }) => {
      const { owner, path } = placeFrom(params['*'])
      await tracking.removeArtifacts(owner, path)
      return {}
    },
  }
}

/** A megabyte: a fifth of the time that pieces of Node's default size take. */
const SENT_AT_ONCE = 1024 * 1024

const LARGEST_FROM_PAGE = 10 * 1024 * 1024

/** Right below a folder, with paths from the root. */
export async function filesIn(
  tracking: Tracking,
  owner: string,
  path: string | undefined,
): Promise<{ files?: FileInfo[] }> {
  const folder = path ? checkArtifactPath(path.replace(/\/+$/, '')) : undefined
  const files = listFolder(await tracking.artifacts(owner, folder), folder)
  return unlessEmpty(
    'files',
    files.map((file) => ({ ...file, path: folder ? `${folder}/${file.path}` : file.path })),
  )
}

export function sendArtifact(
  reply: FastifyReply,
  { path, file, size, hash }: Awaited<ReturnType<Tracking['openArtifact']>>,
): FastifyReply {
  return (
    reply
      // Whatever it is, a browser is to save it: an HTML file from a run has no business in this origin.
      .header('content-type', 'application/octet-stream')
      .header('x-content-type-options', 'nosniff')
      .header('content-disposition', `attachment; filename*=UTF-8''${encodeURIComponent(basename(path))}`)
      .header('content-length', size)
      .header('etag', `"${hash}"`)
      .send(createReadStream(file, { highWaterMark: SENT_AT_ONCE }))
  )
}

const PLACE = /^[^/]+\/(?:models\/)?(?<owner>[^/]+)\/artifacts(?:\/(?<path>.*))?$/s

/**
 * Whose file it is, and its path there. The address is what `artifact_uri` said: `<experiment>/<run>/artifacts/<path>`,
 * or `<experiment>/models/<model>/artifacts/<path>`.
 */
export function placeFrom(address: string): { owner: string; path: string | undefined } {
  const { owner, path } = PLACE.exec(address)?.groups ?? {}
  if (!owner)
    throw new ParameterInvalid(
      `"${address.slice(0, 200)}" is no place of a run or a logged model.`,
      'Use the artifact_uri that the server gave.',
    )
  return { owner, path: path ? checkArtifactPath(path.replace(/\/+$/, '')) : undefined }
}

function fileFrom(address: string): { owner: string; path: string } {
  const { owner, path } = placeFrom(address)
  if (path === undefined) throw new ParameterInvalid(`"${address.slice(0, 200)}" names no file.`)
  return { owner, path }
}
