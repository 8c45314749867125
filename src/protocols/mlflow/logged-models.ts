import { z } from 'zod'
import type { Handlers } from '#platform/http'
import { defineRoutes } from '#platform/http/contract'
import { checkArtifactPath, type LoggedModel, LoggedModelUnknown, type MetricValue, type Tracking } from '#tracking'
import { filesIn, sendArtifact } from './artifacts.ts'
import { metricReply, pairs } from './entities.ts'
import { checkedFirstTag, checkedModelName, checkedModelParam } from './limits.ts'
import { Status, STATUS_NAMES } from './logged-model-status.ts'
import {
  ExperimentIds,
  FileInfo,
  KeyValue,
  message,
  MetricReply,
  Nothing,
  PageToken,
  pageSize,
  Required,
  Tags,
  unlessEmpty,
} from './messages.ts'
import { pageAfter, pageStart } from './paging.ts'
import { readSearch, selectLoggedModels } from './select-logged-models.ts'

/** How many a page of a search has where nothing is said. */
const PAGE = 100

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
    tags: z.array(KeyValue).optional(),
  }),
  data: z.object({ params: z.array(KeyValue).optional(), metrics: z.array(MetricReply).optional() }),
})
const OneModel = z.object({ model: ModelReply })

export const loggedModelRoutes = defineRoutes({
  createLoggedModel: {
    method: 'POST',
    path: '/api/2.0/mlflow/logged-models',
    permission: 'tracking:write',
    summary: 'MLflow: announces a model whose files follow.',
    body: message({
      experiment_id: Required,
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
    query: z.object({ allow_deleted: z.string().optional() }),
    reply: OneModel,
  },
  finalizeLoggedModel: {
    method: 'PATCH',
    path: '/api/2.0/mlflow/logged-models/:model',
    permission: 'tracking:write',
    summary: 'MLflow: all files of a logged model are there, or it failed.',
    params: ModelRef,
    body: message({ status: Status }),
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
    body: message({ params: z.array(KeyValue).default([]) }),
    reply: Nothing,
  },
  setModelTags: {
    method: 'PATCH',
    path: '/api/2.0/mlflow/logged-models/:model/tags',
    permission: 'tracking:write',
    summary: 'MLflow: tags of a logged model.',
    params: ModelRef,
    body: message({ tags: Tags }),
    reply: Nothing,
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
    body: message({
      experiment_ids: ExperimentIds,
      filter: z.string().default(''),
      datasets: z.array(message({ dataset_name: Required, dataset_digest: z.string().optional() })).default([]),
      order_by: z
        .array(
          message({
            field_name: Required,
            ascending: z.boolean().default(true),
            dataset_name: z.string().optional(),
            dataset_digest: z.string().optional(),
          }),
        )
        .default([]),
      max_results: pageSize(1_000).default(PAGE),
      page_token: PageToken,
    }),
    reply: z.object({ models: z.array(ModelReply).optional(), next_page_token: z.string().optional() }),
  },
  fetchModelArtifact: {
    method: 'GET',
    path: '/api/2.0/mlflow/logged-models/:model/artifacts/files',
    permission: 'tracking:read',
    summary: 'MLflow: the bytes of a file of a logged model.',
    params: ModelRef,
    query: z.object({ artifact_file_path: Required }),
    raw: true,
    reply: z.unknown(),
  },
  listModelArtifacts: {
    method: 'GET',
    path: '/api/2.0/mlflow/logged-models/:model/artifacts/directories',
    permission: 'tracking:read',
    summary: 'MLflow: what lies in a folder of a logged model.',
    params: ModelRef,
    query: z.object({ artifact_directory_path: z.string().optional() }),
    reply: z.object({ files: z.array(FileInfo).optional(), root_uri: z.string() }),
  },
})

/** As many as one statement asks metrics of. */
const PIECE = 500

export function loggedModelHandlers({ tracking }: { tracking: Tracking }): Handlers<typeof loggedModelRoutes> {
  const reply = async (model: LoggedModel) => ({
    model: modelReply(model, await tracking.loggedModelMetrics([model.id])),
  })
  async function metricsOf(models: readonly LoggedModel[]) {
    const metrics: Awaited<ReturnType<Tracking['loggedModelMetrics']>> = []
    for (let from = 0; from < models.length; from += PIECE)
      metrics.push(...(await tracking.loggedModelMetrics(models.slice(from, from + PIECE).map(({ id }) => id))))
    const byModel = Map.groupBy(metrics, (metric) => metric.model)
    return (model: string) => byModel.get(model) ?? []
  }
  async function outsideBin(id: string): Promise<LoggedModel> {
    const model = await tracking.loggedModel(id)
    if (model.deletedAt !== null) throw new LoggedModelUnknown(`${id} outside the bin`)
    return model
  }
  return {
    createLoggedModel: async ({ body }) =>
      reply(
        await tracking.createLoggedModel({
          experiment: body.experiment_id,
          run: body.source_run_id || undefined,
          name: checkedModelName(body.name) || undefined,
          type: body.model_type,
          params: Object.fromEntries(body.params.map(checkedModelParam)),
          tags: Object.fromEntries(body.tags.map(checkedFirstTag)),
        }),
      ),
    getLoggedModel: async ({ params, query }) =>
      reply(
        query.allow_deleted?.toLowerCase() === 'true'
          ? await tracking.loggedModel(params.model)
          : await outsideBin(params.model),
      ),
    finalizeLoggedModel: async ({ params, body }) =>
      reply(await tracking.updateLoggedModel(params.model, { status: body.status })),
    deleteLoggedModel: async ({ params }) => {
      await tracking.deleteLoggedModel(params.model)
      return {}
    },
    logModelParams: async ({ params, body }) => {
      await tracking.updateLoggedModel(params.model, { params: Object.fromEntries(body.params.map(checkedModelParam)) })
      return {}
    },
    setModelTags: async ({ params, body }) => {
      await tracking.updateLoggedModel(params.model, { tags: Object.fromEntries(body.tags.map(checkedFirstTag)) })
      return {}
    },
    deleteModelTag: async ({ params }) => {
      await tracking.untagLoggedModel(params.model, params.key)
      return {}
    },
    searchLoggedModels: async ({ body }) => {
      const search = readSearch(body)
      const start = pageStart(body.page_token)
      const candidates = await tracking.loggedModels({ experiments: body.experiment_ids })
      const known = search.measures ? await metricsOf(candidates) : undefined
      const selected = selectLoggedModels(candidates, known ?? (() => []), search)
      const page = selected.slice(start, start + body.max_results)
      const told = known ?? (await metricsOf(page))
      return {
        ...unlessEmpty(
          'models',
          page.map((model) => modelReply(model, told(model.id))),
        ),
        ...pageAfter(start, page.length, selected.length - start),
      }
    },
    fetchModelArtifact: async ({ params, query, reply }) => {
      const model = await outsideBin(params.model)
      return sendArtifact(reply, await tracking.openArtifact(model.id, checkArtifactPath(query.artifact_file_path)))
    },
    listModelArtifacts: async ({ params, query }) => {
      const model = await outsideBin(params.model)
      return { root_uri: artifactUri(model), ...(await filesIn(tracking, model.id, query.artifact_directory_path)) }
    },
  }
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
      status: STATUS_NAMES[model.status],
      model_type: model.type,
      source_run_id: model.run ?? '',
      ...unlessEmpty('tags', pairs(model.tags)),
    },
    data: {
      ...unlessEmpty('params', pairs(model.params)),
      ...unlessEmpty(
        'metrics',
        metrics.map((metric) => ({ ...metricReply(metric), model_id: model.id, run_id: metric.run })),
      ),
    },
  }
}
