import { z } from 'zod'
import { type Handlers, offsetOf } from '#platform/http'
import { defineRoutes } from '#platform/http/contract'
import type { Registry } from '#registry'
import { ParameterInvalid } from './dialect.ts'
import { KeyValue, message, Nothing, PageToken, pageSize, Required, Tags, unlessEmpty } from './messages.ts'
import {
  ModelRef,
  OneVersion,
  Repeated,
  stageFrom,
  VersionRef,
  VersionReply,
  versionReply,
} from './registry-messages.ts'
import { versionSearch } from './search-registry.ts'

export const modelVersionRoutes = defineRoutes({
  createModelVersion: {
    method: 'POST',
    path: '/api/2.0/mlflow/model-versions/create',
    permission: 'registry:write',
    summary: 'MLflow: registers a logged model, or files of a run, as the next version.',
    body: message({
      ...ModelRef.shape,
      source: Required,
      run_id: z.string().optional(),
      run_link: z.string().optional(),
      model_id: z.string().optional(),
      description: z.string().optional(),
      tags: Tags,
    }),
    reply: OneVersion,
  },
  getModelVersion: {
    method: 'GET',
    path: '/api/2.0/mlflow/model-versions/get',
    permission: 'registry:read',
    summary: 'MLflow: a version, ours or registered by a client.',
    query: VersionRef,
    reply: OneVersion,
  },
  updateModelVersion: {
    method: 'PATCH',
    path: '/api/2.0/mlflow/model-versions/update',
    permission: 'registry:write',
    summary: 'MLflow: describes a version.',
    body: message({ ...VersionRef.shape, description: z.string().default('') }),
    reply: OneVersion,
  },
  deleteModelVersion: {
    method: 'DELETE',
    path: '/api/2.0/mlflow/model-versions/delete',
    permission: 'registry:write',
    summary: 'MLflow: deletes a version that never served.',
    body: message(VersionRef.shape),
    reply: Nothing,
  },
  searchModelVersions: {
    method: 'GET',
    path: '/api/2.0/mlflow/model-versions/search',
    permission: 'registry:read',
    summary: 'MLflow: versions by model, number, run, source, alias and tags.',
    query: z.object({
      filter: z.string().default(''),
      max_results: pageSize(200_000).default(10_000),
      order_by: Repeated,
      page_token: PageToken,
    }),
    reply: z.object({ model_versions: z.array(VersionReply).optional(), next_page_token: z.string().optional() }),
  },
  transitionStage: {
    method: 'POST',
    path: '/api/2.0/mlflow/model-versions/transition-stage',
    permission: 'registry:write',
    summary: 'MLflow: moves a version to a stage; Production of a served model follows roll-outs only.',
    body: message({ ...VersionRef.shape, stage: Required, archive_existing_versions: z.boolean().default(false) }),
    reply: OneVersion,
  },
  downloadUri: {
    method: 'GET',
    path: '/api/2.0/mlflow/model-versions/get-download-uri',
    permission: 'registry:read',
    summary: 'MLflow: where the files of a version lie.',
    query: VersionRef,
    reply: z.object({ artifact_uri: z.string() }),
  },
  setModelVersionTag: {
    method: 'POST',
    path: '/api/2.0/mlflow/model-versions/set-tag',
    permission: 'registry:write',
    summary: 'MLflow: sets a tag of a version.',
    body: message({ ...VersionRef.shape, ...KeyValue.shape }),
    reply: Nothing,
  },
  deleteModelVersionTag: {
    method: 'DELETE',
    path: '/api/2.0/mlflow/model-versions/delete-tag',
    permission: 'registry:write',
    summary: 'MLflow: removes a tag of a version.',
    body: message({ ...VersionRef.shape, key: z.string() }),
    reply: Nothing,
  },
})

/** What clients ask for in one page without knowing how many there are; larger pages would be held in memory whole. */
const LARGEST_PAGE = 10_000

export function modelVersionHandlers({ registry }: { registry: Registry }): Handlers<typeof modelVersionRoutes> {
  return {
    createModelVersion: async ({ body, principal }) => ({
      model_version: versionReply(
        await registry.registerLogged({
          model: body.name,
          source: body.source,
          run: body.run_id,
          runLink: body.run_link,
          loggedModel: body.model_id,
          description: body.description,
          tags: Object.fromEntries(body.tags.map(({ key, value }) => [key, value])),
          by: principal.name,
        }),
      ),
    }),
    getModelVersion: async ({ query }) => ({
      model_version: versionReply(await registry.version(query.name, query.version)),
    }),
    updateModelVersion: async ({ body, principal }) => {
      const { name, version, description } = body
      return {
        model_version: versionReply(await registry.describeVersion(name, version, { description }, principal.name)),
      }
    },
    deleteModelVersion: async ({ body, principal }) => {
      await registry.deleteVersion(body.name, body.version, principal.name)
      return {}
    },
    searchModelVersions: async ({ query }) => {
      const offset = offsetOf(query.page_token)
      const limit = Math.min(query.max_results, LARGEST_PAGE)
      // One more than asked for tells whether there is another page.
      const found = await registry.searchVersions({ ...versionSearch(query), limit: limit + 1, offset })
      const page = found.slice(0, limit)
      return {
        ...unlessEmpty('model_versions', page.map(versionReply)),
        ...(found.length > page.length && { next_page_token: (offset + page.length).toString(36) }),
      }
    },
    transitionStage: async ({ body, principal }) => {
      const stage = stageFrom(body.stage)
      if (body.archive_existing_versions && stage !== 'staging' && stage !== 'production')
        throw new ParameterInvalid(
          `Model version transition cannot archive existing model versions because '${body.stage}' is not an Active stage. Valid stages are Staging, Production.`,
        )
      const options = { archiveOthers: body.archive_existing_versions, by: principal.name }
      return { model_version: versionReply(await registry.setStage(body.name, body.version, stage, options)) }
    },
    downloadUri: async ({ query }) => ({
      artifact_uri: (await registry.version(query.name, query.version)).location,
    }),
    setModelVersionTag: async ({ body, principal }) => {
      const { name, version, key, value } = body
      await registry.describeVersion(name, version, { tags: { [key]: value } }, principal.name)
      return {}
    },
    deleteModelVersionTag: async ({ body, principal }) => {
      const { name, version, key } = body
      await registry.describeVersion(name, version, { tags: { [key]: null } }, principal.name)
      return {}
    },
  }
}
