import { z } from 'zod'
import { type Handlers, nextCursor, offsetOf } from '#platform/http'
import { defineRoutes } from '#platform/http/contract'
import type { LoggedModel, MetricValue, Tracking } from '#tracking'
import { checkArtifactPath } from '#tracking'
import type { LoggedModelStatus } from '#tracking/contract'
import { ParameterInvalid } from './dialect.ts'
import { metricReply, pairs } from './entities.ts'
import { parseFilter } from './filter.ts'
import { checkedParam, checkedTag } from './limits.ts'
import { listFolder } from './list-folder.ts'
import { ExperimentIds, FileInfo, KeyValue, MetricReply, Nothing, PageToken, pageSize, Tags } from './messages.ts'

const ModelRef = z.object({ model: z.string() })

const ModelReply = z.object({
  info: z.object({
    model_id: z.string(),
    experiment_id: z.string(),
    name: z.string(),
    creation_timestamp_ms: z.number(),
    last_updated_timestamp_ms: z.number(),
    artifact_uri: z.string(),
    status: z.string(),
    model_type: z.string(),
    source_run_id: z.string(),
    tags: z.array(KeyValue),
  }),
  data: z.object({ params: z.array(KeyValue), metrics: z.array(MetricReply) }),
})
const OneModel = z.object({ model: ModelReply })

const STATUSES = {
  LOGGED_MODEL_PENDING: 'pending',
  LOGGED_MODEL_READY: 'ready',
  LOGGED_MODEL_UPLOAD_FAILED: 'failed',
} as const satisfies Record<string, LoggedModelStatus>
type Status = keyof typeof STATUSES
const NAMES = Object.keys(STATUSES) as Status[]

/** By name, or by the number it has in protocol buffers. */
const Status = z
  .union([z.enum(NAMES as [Status, ...Status[]]), z.literal([1, 2, 3])])
  .transform((status) => STATUSES[typeof status === 'number' ? NAMES[status - 1]! : status])

export const loggedModelRoutes = defineRoutes({
  createLoggedModel: {
    method: 'POST',
    path: '/api/2.0/mlflow/logged-models',
    permission: 'tracking:write',
    summary: 'MLflow: announces a model whose files follow.',
    body: z.object({
      experiment_id: z.string(),
      name: z.string().optional(),
      model_type: z.string().optional(),
      source_run_id: z.string().optional(),
      params: z.array(KeyValue).default([]),
      tags: Tags,
    }),
    reply: OneModel,
  },
  getLoggedModel: {
    method: 'GET',
    path: '/api/2.0/mlflow/logged-models/:model',
    permission: 'tracking:read',
    summary: 'MLflow: a logged model with its params, tags and metrics.',
    params: ModelRef,
    reply: OneModel,
  },
  finalizeLoggedModel: {
    method: 'PATCH',
    path: '/api/2.0/mlflow/logged-models/:model',
    permission: 'tracking:write',
    summary: 'MLflow: all files of a logged model are there, or it failed.',
    params: ModelRef,
    body: z.object({ status: Status }),
    reply: OneModel,
  },
  deleteLoggedModel: {
    method: 'DELETE',
    path: '/api/2.0/mlflow/logged-models/:model',
    permission: 'tracking:write',
    summary: 'MLflow: puts a logged model into the bin.',
    params: ModelRef,
    reply: Nothing,
  },
  logModelParams: {
    method: 'POST',
    path: '/api/2.0/mlflow/logged-models/:model/params',
    permission: 'tracking:write',
    summary: 'MLflow: params of a logged model.',
    params: ModelRef,
    body: z.object({ params: z.array(KeyValue).default([]) }),
    reply: Nothing,
  },
  setModelTags: {
    method: 'PATCH',
    path: '/api/2.0/mlflow/logged-models/:model/tags',
    permission: 'tracking:write',
    summary: 'MLflow: tags of a logged model.',
    params: ModelRef,
    body: z.object({ tags: Tags }),
    reply: OneModel,
  },
  deleteModelTag: {
    method: 'DELETE',
    path: '/api/2.0/mlflow/logged-models/:model/tags/:key',
    permission: 'tracking:write',
    summary: 'MLflow: removes a tag of a logged model.',
    params: ModelRef.extend({ key: z.string() }),
    reply: Nothing,
  },
  searchLoggedModels: {
    method: 'POST',
    path: '/api/2.0/mlflow/logged-models/search',
    permission: 'tracking:read',
    summary: 'MLflow: logged models of some experiments, newest first.',
    body: z.object({
      experiment_ids: ExperimentIds,
      filter: z.string().nullish(),
      max_results: pageSize(1_000).nullish(),
      page_token: PageToken.nullable(),
    }),
    reply: z.object({ models: z.array(ModelReply), next_page_token: z.string().optional() }),
  },
  listModelArtifacts: {
    method: 'GET',
    path: '/api/2.0/mlflow/logged-models/:model/artifacts/directories',
    permission: 'tracking:read',
    summary: 'MLflow: what lies in a folder of a logged model.',
    params: ModelRef,
    query: z.object({ artifact_directory_path: z.string().optional() }),
    reply: z.object({ files: z.array(FileInfo), root_uri: z.string() }),
  },
})

const PAGE = 100

export function loggedModelHandlers({ tracking }: { tracking: Tracking }): Handlers<typeof loggedModelRoutes> {
  const reply = async (model: LoggedModel) => ({
    model: modelReply(model, await tracking.loggedModelMetrics([model.id])),
  })
  return {
    createLoggedModel: async ({ body }) =>
      reply(
        await tracking.createLoggedModel({
          experiment: body.experiment_id,
          run: body.source_run_id || undefined,
          name: body.name || undefined,
          type: body.model_type,
          params: Object.fromEntries(body.params.map(checkedParam)),
          tags: Object.fromEntries(body.tags.map(checkedTag)),
        }),
      ),
    getLoggedModel: async ({ params }) => reply(await tracking.loggedModel(params.model)),
    finalizeLoggedModel: async ({ params, body }) =>
      reply(await tracking.updateLoggedModel(params.model, { status: body.status })),
    deleteLoggedModel: async ({ params }) => {
      await tracking.deleteLoggedModel(params.model)
      return {}
    },
    logModelParams: async ({ params, body }) => {
      await tracking.updateLoggedModel(params.model, { params: Object.fromEntries(body.params.map(checkedParam)) })
      return {}
    },
    setModelTags: async ({ params, body }) =>
      reply(await tracking.updateLoggedModel(params.model, { tags: Object.fromEntries(body.tags.map(checkedTag)) })),
    deleteModelTag: async ({ params }) => {
      await tracking.untagLoggedModel(params.model, params.key)
      return {}
    },
    searchLoggedModels: async ({ body }) => {
      const limit = body.max_results ?? PAGE
      const offset = offsetOf(body.page_token ?? undefined)
      const filter = { experiments: body.experiment_ids, ...equalities(body.filter ?? ''), limit, offset }
      const models = await tracking.loggedModels(filter)
      const metrics = await tracking.loggedModelMetrics(models.map((model) => model.id))
      const metricsOf = Map.groupBy(metrics, (metric) => metric.model)
      const next = nextCursor(offset, models.length, limit)
      return {
        models: models.map((model) => modelReply(model, metricsOf.get(model.id) ?? [])),
        ...(next !== null && { next_page_token: next }),
      }
    },
    listModelArtifacts: async ({ params, query }) => {
      const model = await tracking.loggedModel(params.model)
      const folder = query.artifact_directory_path ? checkArtifactPath(query.artifact_directory_path) : undefined
      const files = listFolder(await tracking.artifacts(model.id, folder), folder)
      return {
        root_uri: artifactUri(model),
        files: files.map((file) => ({ ...file, path: folder ? `${folder}/${file.path}` : file.path })),
      }
    },
  }
}

/** What a client asks for while it trains: models by name, or of a run. The whole grammar is not spoken yet. */
function equalities(filter: string): { name?: string; run?: string } {
  const asked: { name?: string; run?: string } = {}
  for (const { on, key, is, value } of parseFilter(filter)) {
    if (on !== 'attribute' || is !== '=' || typeof value !== 'string' || (key !== 'name' && key !== 'source_run_id'))
      throw new ParameterInvalid('Logged models are searched by name = or source_run_id = only, so far.')
    asked[key === 'name' ? 'name' : 'run'] = value
  }
  return asked
}

const artifactUri = ({ experiment, id }: LoggedModel) => `mlflow-artifacts:/${experiment}/models/${id}/artifacts`

function modelReply(
  model: LoggedModel,
  metrics: readonly (MetricValue & { run: string })[],
): z.input<typeof ModelReply> {
  return {
    info: {
      model_id: model.id,
      experiment_id: model.experiment,
      name: model.name,
      creation_timestamp_ms: model.createdAt,
      last_updated_timestamp_ms: model.updatedAt,
      artifact_uri: artifactUri(model),
      status: NAMES.find((name) => STATUSES[name] === model.status)!,
      model_type: model.type,
      source_run_id: model.run ?? '',
      tags: pairs(model.tags),
    },
    data: {
      params: pairs(model.params),
      metrics: metrics.map((metric) => ({ ...metricReply(metric), run_id: metric.run })),
    },
  }
}
