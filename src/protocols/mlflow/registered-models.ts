import { z } from 'zod'
import { type Handlers, offsetOf } from '#platform/http'
import { defineRoutes } from '#platform/http/contract'
import type { Registry } from '#registry'
import type { Model } from '#registry/contract'
import { Int64, KeyValue, message, Nothing, PageToken, pageSize, Required, Tags, unlessEmpty } from './messages.ts'
import {
  ModelRef,
  OneRegisteredModel,
  OneVersion,
  RegisteredModelReply,
  Repeated,
  registeredModelReply,
  stageFrom,
  VersionReply,
  versionReply,
} from './registry-messages.ts'
import { modelSearch } from './search-registry.ts'

const AliasRef = ModelRef.extend({ alias: z.string() })
const LatestVersions = z.object({ model_versions: z.array(VersionReply).optional() })

export const registeredModelRoutes = defineRoutes({
  createRegisteredModel: {
    method: 'POST',
    path: '/api/2.0/mlflow/registered-models/create',
    permission: 'registry:write',
    summary: 'MLflow: makes a registered model without versions.',
    body: message({ ...ModelRef.shape, tags: Tags, description: z.string().default('') }),
    reply: OneRegisteredModel,
  },
  getRegisteredModel: {
    method: 'GET',
    path: '/api/2.0/mlflow/registered-models/get',
    permission: 'registry:read',
    summary: 'MLflow: a registered model with its newest version in each stage.',
    query: ModelRef,
    reply: OneRegisteredModel,
  },
  renameRegisteredModel: {
    method: 'POST',
    path: '/api/2.0/mlflow/registered-models/rename',
    permission: 'registry:write',
    summary: 'MLflow: renames a registered model that no endpoint serves.',
    body: message({ ...ModelRef.shape, new_name: Required }),
    reply: OneRegisteredModel,
  },
  updateRegisteredModel: {
    method: 'PATCH',
    path: '/api/2.0/mlflow/registered-models/update',
    permission: 'registry:write',
    summary: 'MLflow: describes a registered model.',
    body: message({ ...ModelRef.shape, description: z.string().default('') }),
    reply: OneRegisteredModel,
  },
  deleteRegisteredModel: {
    method: 'DELETE',
    path: '/api/2.0/mlflow/registered-models/delete',
    permission: 'registry:write',
    summary: 'MLflow: deletes a registered model that no endpoint serves, with its versions.',
    body: message(ModelRef.shape),
    reply: Nothing,
  },
  searchRegisteredModels: {
    method: 'GET',
    path: '/api/2.0/mlflow/registered-models/search',
    permission: 'registry:read',
    summary: 'MLflow: registered models by name and tags.',
    query: z.object({
      filter: z.string().default(''),
      max_results: pageSize(1_000).default(100),
      order_by: Repeated,
      page_token: PageToken,
    }),
    reply: z.object({
      registered_models: z.array(RegisteredModelReply).optional(),
      next_page_token: z.string().optional(),
    }),
  },
  latestVersionsPost: {
    method: 'POST',
    path: '/api/2.0/mlflow/registered-models/get-latest-versions',
    permission: 'registry:read',
    summary: 'MLflow: the newest version in each stage.',
    body: message({ ...ModelRef.shape, stages: z.array(z.string()).default([]) }),
    reply: LatestVersions,
  },
  latestVersions: {
    method: 'GET',
    path: '/api/2.0/mlflow/registered-models/get-latest-versions',
    permission: 'registry:read',
    summary: 'MLflow: the newest version in each stage.',
    query: ModelRef.extend({ stages: Repeated }),
    reply: LatestVersions,
  },
  setRegisteredModelTag: {
    method: 'POST',
    path: '/api/2.0/mlflow/registered-models/set-tag',
    permission: 'registry:write',
    summary: 'MLflow: sets a tag of a registered model.',
    body: message({ ...ModelRef.shape, ...KeyValue.shape }),
    reply: Nothing,
  },
  deleteRegisteredModelTag: {
    method: 'DELETE',
    path: '/api/2.0/mlflow/registered-models/delete-tag',
    permission: 'registry:write',
    summary: 'MLflow: removes a tag of a registered model.',
    body: message({ ...ModelRef.shape, key: z.string() }),
    reply: Nothing,
  },
  setAlias: {
    method: 'POST',
    path: '/api/2.0/mlflow/registered-models/alias',
    permission: 'registry:write',
    summary: 'MLflow: points an alias at a version; champion and previous of a served model follow roll-outs only.',
    body: message({ ...AliasRef.shape, version: Int64 }),
    reply: Nothing,
  },
  deleteAlias: {
    method: 'DELETE',
    path: '/api/2.0/mlflow/registered-models/alias',
    permission: 'registry:write',
    summary: 'MLflow: removes an alias.',
    body: message(AliasRef.shape),
    reply: Nothing,
  },
  versionByAlias: {
    method: 'GET',
    path: '/api/2.0/mlflow/registered-models/alias',
    permission: 'registry:read',
    summary: 'MLflow: the version that an alias points at; latest is the newest.',
    query: AliasRef,
    reply: OneVersion,
  },
})

export function registeredModelHandlers({ registry }: { registry: Registry }): Handlers<typeof registeredModelRoutes> {
  const replies = async (models: readonly Model[]) => {
    const latest = Map.groupBy(await registry.latestVersions(models.map(({ name }) => name)), ({ model }) => model)
    return models.map((model) => registeredModelReply(model, latest.get(model.name) ?? []))
  }
  const reply = async (model: Model) => ({ registered_model: (await replies([model]))[0]! })
  const latestOf = async (name: string, stages: readonly string[]) => {
    const wanted = stages.map(stageFrom)
    await registry.model(name)
    const latest = await registry.latestVersions([name])
    const shown = latest.filter(({ stage }) => wanted.length === 0 || wanted.includes(stage))
    return unlessEmpty('model_versions', shown.map(versionReply))
  }
  return {
    createRegisteredModel: async ({ body, principal }) => {
      const tags = Object.fromEntries(body.tags.map(({ key, value }) => [key, value]))
      return reply(
        await registry.createModel({ name: body.name, description: body.description, tags, by: principal.name }),
      )
    },
    getRegisteredModel: async ({ query }) => reply(await registry.model(query.name)),
    renameRegisteredModel: async ({ body, principal }) =>
      reply(await registry.renameModel(body.name, body.new_name, principal.name)),
    updateRegisteredModel: async ({ body, principal }) =>
      reply(await registry.describeModel(body.name, { description: body.description }, principal.name)),
    deleteRegisteredModel: async ({ body, principal }) => {
      await registry.deleteModel(body.name, principal.name)
      return {}
    },
    searchRegisteredModels: async ({ query }) => {
      const offset = offsetOf(query.page_token)
      // One more than asked for tells whether there is another page.
      const found = await registry.searchModels({ ...modelSearch(query), limit: query.max_results + 1, offset })
      const page = found.slice(0, query.max_results)
      return {
        ...unlessEmpty('registered_models', await replies(page)),
        ...(found.length > page.length && { next_page_token: (offset + page.length).toString(36) }),
      }
    },
    latestVersionsPost: ({ body }) => latestOf(body.name, body.stages),
    latestVersions: ({ query }) => latestOf(query.name, query.stages),
    setRegisteredModelTag: async ({ body, principal }) => {
      await registry.describeModel(body.name, { tags: { [body.key]: body.value } }, principal.name)
      return {}
    },
    deleteRegisteredModelTag: async ({ body, principal }) => {
      await registry.describeModel(body.name, { tags: { [body.key]: null } }, principal.name)
      return {}
    },
    setAlias: async ({ body, principal }) => {
      await registry.setAlias(body.name, body.alias, body.version, principal.name)
      return {}
    },
    deleteAlias: async ({ body, principal }) => {
      await registry.deleteAlias(body.name, body.alias, principal.name)
      return {}
    },
    versionByAlias: async ({ query }) => ({
      model_version: versionReply(await registry.versionByAlias(query.name, query.alias)),
    }),
  }
}
