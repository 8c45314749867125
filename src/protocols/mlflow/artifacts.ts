import { createReadStream } from 'node:fs'
import { basename } from 'node:path/posix'
import { z } from 'zod'
import type { Handlers } from '#platform/http'
import { defineRoutes } from '#platform/http/contract'
import { checkArtifactPath, type Tracking } from '#tracking'
import { ParameterInvalid } from './dialect.ts'
import { runInfo } from './entities.ts'
import { listFolder } from './list-folder.ts'
import { FileInfo, Nothing, PageToken, RunRef } from './messages.ts'
import { runId } from './runs.ts'

const Files = z.object({ files: z.array(FileInfo) })
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
    reply: Nothing,
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
      const folder = query.path ? checkArtifactPath(query.path) : undefined
      const files = listFolder(await tracking.artifacts(run.id, folder), folder)
      return {
        root_uri: runInfo(run).artifact_uri,
        files: files.map((file) => ({ ...file, path: folder ? `${folder}/${file.path}` : file.path })),
      }
    },
    listArtifacts: async ({ query }) => {
      const { owner, path } = placeFrom(query.path)
      return { files: listFolder(await tracking.artifacts(owner, path), path) }
    },
    downloadArtifact: async ({ params, reply }) => {
      const { owner, path } = fileFrom(params['*'])
      const { file, size, hash } = await tracking.openArtifact(owner, path)
      return (
        reply
          // Whatever it is, a browser is to save it: an HTML file from a run has no business in this origin.
          .header('content-type', 'application/octet-stream')
          .header('x-content-type-options', 'nosniff')
          .header('content-disposition', `attachment; filename*=UTF-8''${encodeURIComponent(basename(path))}`)
          .header('content-length', size)
          .header('etag', `"${hash}"`)
          .send(createReadStream(file))
      )
    },
    uploadArtifact: async ({ params, request }) => {
      const { owner, path } = fileFrom(params['*'])
      await tracking.addArtifact(owner, path, request.raw)
      return {}
    },
    deleteArtifacts: async ({ params }) => {
      const { owner, path } = placeFrom(params['*'])
      await tracking.removeArtifacts(owner, path)
      return {}
    },
  }
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
  return { owner, path: path ? checkArtifactPath(path) : undefined }
}

function fileFrom(address: string): { owner: string; path: string } {
  const { owner, path } = placeFrom(address)
  if (path === undefined) throw new ParameterInvalid(`"${address.slice(0, 200)}" names no file.`)
  return { owner, path }
}
