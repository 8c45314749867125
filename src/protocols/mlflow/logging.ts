import { z } from 'zod'
import type { Handlers } from '#platform/http'
import { defineRoutes } from '#platform/http/contract'
import type { MetricValue, Tracking } from '#tracking'
import { ParameterInvalid } from './dialect.ts'
import { INPUT_DATASET, INPUT_MODEL, metricReply, OUTPUT_MODEL, PARENT_RUN, RUN_NAME } from './entities.ts'
import { checkBatch, checkedMetric, checkedParam, checkedTag, checkInputTag } from './limits.ts'
import {
  DatasetInput,
  Double,
  Int64,
  KeyValue,
  MetricReply,
  message,
  Nothing,
  PageToken,
  pageSize,
  RunRef,
  Required,
  unlessEmpty,
} from './messages.ts'
import { pageAfter, pageStart } from './paging.ts'
import { runId } from './runs.ts'

const Metric = z.object({
  key: z.string(),
  value: Double,
  timestamp: Int64,
  step: Int64.nullish().transform((step) => step ?? 0),
  model_id: z.string().optional(),
  dataset_name: z.string().optional(),
  dataset_digest: z.string().optional(),
})

export const loggingRoutes = defineRoutes({
  logMetric: {
    method: 'POST',
    path: '/api/2.0/mlflow/runs/log-metric',
    permission: 'tracking:write',
    summary: 'MLflow: one point of a metric.',
    body: RunRef.extend(Metric.shape),
    reply: Nothing,
  },
  logParam: {
    method: 'POST',
    path: '/api/2.0/mlflow/runs/log-parameter',
    permission: 'tracking:write',
    summary: 'MLflow: one param; written once.',
    body: message({ ...RunRef.shape, ...KeyValue.shape }),
    reply: Nothing,
  },
  logBatch: {
    method: 'POST',
    path: '/api/2.0/mlflow/runs/log-batch',
    permission: 'tracking:write',
    summary: 'MLflow: metrics, params and tags, all of them or none.',
    body: RunRef.extend({
      metrics: z.array(Metric).default([]),
      params: z.array(KeyValue).default([]),
      tags: z.array(KeyValue).default([]),
    }),
    reply: Nothing,
  },
  setTag: {
    method: 'POST',
    path: '/api/2.0/mlflow/runs/set-tag',
    permission: 'tracking:write',
    summary: 'MLflow: sets a tag of a run.',
    body: message({ ...RunRef.shape, ...KeyValue.shape }),
    reply: Nothing,
  },
  deleteTag: {
    method: 'POST',
    path: '/api/2.0/mlflow/runs/delete-tag',
    permission: 'tracking:write',
    summary: 'MLflow: removes a tag of a run.',
    body: message({ ...RunRef.shape, key: z.string() }),
    reply: Nothing,
  },
  logInputs: {
    method: 'POST',
    path: '/api/2.0/mlflow/runs/log-inputs',
    permission: 'tracking:write',
    summary: 'MLflow: the datasets and models a run was given.',
    body: message({
      ...RunRef.shape,
      datasets: z.array(DatasetInput).max(1_000).default([]),
      models: z
        .array(z.object({ model_id: z.string() }))
        .max(1_000)
        .default([]),
    }),
    reply: Nothing,
  },
  logOutputs: {
    method: 'POST',
    path: '/api/2.0/mlflow/runs/outputs',
    permission: 'tracking:write',
    summary: 'MLflow: the models that came out of a run.',
    body: message({
      ...RunRef.shape,
      models: z.array(z.object({ model_id: z.string(), step: Int64.default(0) })).max(1_000),
    }),
    reply: Nothing,
  },
  logModel: {
    method: 'POST',
    path: '/api/2.0/mlflow/runs/log-model',
    permission: 'tracking:write',
    summary: 'MLflow: what clients before 3.0 told of a model among the artifacts of a run.',
    body: message({ ...RunRef.shape, model_json: Required }),
    reply: Nothing,
  },
  metricHistory: {
    method: 'GET',
    path: '/api/2.0/mlflow/metrics/get-history',
    permission: 'tracking:read',
    summary: 'MLflow: every point of one metric, by step.',
    query: RunRef.extend({
      metric_key: Required,
      max_results: pageSize(1_000_000).optional(),
      page_token: PageToken,
    }),
    reply: z.object({ metrics: z.array(MetricReply).optional(), next_page_token: z.string().optional() }),
    unchecked: true,
  },
})

export function loggingHandlers({ tracking }: { tracking: Tracking }): Handlers<typeof loggingRoutes> {
  return {
    logMetric: async ({ body }) => {
      await tracking.log(runId(body), { metrics: [checkedMetric(metricFrom(body))] })
      return {}
    },
    logParam: async ({ body }) => {
      await tracking.log(runId(body), { params: [checkedParam(body)] })
      return {}
    },
    logBatch: async ({ body }) => {
      checkBatch(body)
      const { name, parent, tags } = factsIn(body.tags.map(checkedTag))
      await tracking.log(runId(body), {
        metrics: body.metrics.map((metric) => checkedMetric(metricFrom(metric))),
        params: body.params.map(checkedParam),
        tags,
      })
      if (name || parent) await tracking.updateRun(runId(body), { name, parent })
      return {}
    },
    setTag: async ({ body }) => {
      const { name, parent, tags } = factsIn([checkedTag(body)])
      if (tags.length > 0) await tracking.log(runId(body), { tags })
      if (name !== undefined || parent) await tracking.updateRun(runId(body), { name, parent })
      return {}
    },
    deleteTag: async ({ body }) => {
      // A run always has a name, so what clients know as a tag stays.
      if (body.key === RUN_NAME) await tracking.run(runId(body))
      else await tracking.untagRun(runId(body), body.key)
      return {}
    },
    logInputs: async ({ body }) => {
      for (const { tags } of body.datasets) for (const tag of tags) checkInputTag(tag)
      const run = await tracking.run(runId(body))
      const datasets = body.datasets.map((input) => datasetTag(run.tags, input))
      const models = body.models.map(({ model_id: id }) => [`${INPUT_MODEL}${id}`, ''] as const)
      await tracking.log(run.id, { tags: [...datasets, ...models] })
      return {}
    },
    logOutputs: async ({ body }) => {
      const tags = body.models.map(({ model_id: id, step }) => [`${OUTPUT_MODEL}${id}`, String(step)] as const)
      await tracking.log(runId(body), { tags })
      return {}
    },
    logModel: async ({ body }) => {
      const told = toldModel(body.model_json)
      const run = await tracking.run(runId(body))
      const before = JSON.parse(run.tags[MODEL_HISTORY] ?? '[]') as unknown[]
      await tracking.log(run.id, { tags: [[MODEL_HISTORY, JSON.stringify([...before, told])]] })
      return {}
    },
    metricHistory: async ({ query }) => {
      const run = runId(query)
      const { max_results: limit, metric_key: key } = query
      if (limit === undefined) return unlessEmpty('metrics', (await tracking.history(run, key)).map(metricReply))
      const offset = pageStart(query.page_token)
      const points = await tracking.history(run, key, { limit: limit + 1, offset })
      const page = points.slice(0, limit)
      return { ...unlessEmpty('metrics', page.map(metricReply)), ...pageAfter(offset, page.length, points.length) }
    },
  }
}

/** The name and the parent of a run are tags too, as far as clients know. A parent stays one, in case it is no run here. */
function factsIn(tags: readonly (readonly [string, string])[]) {
  const told = new Map(tags)
  return {
    name: told.get(RUN_NAME),
    parent: told.get(PARENT_RUN),
    tags: tags.filter(([key]) => key !== RUN_NAME),
  }
}

function metricFrom(metric: z.output<typeof Metric>): MetricValue {
  const { key, value, timestamp: at, step, model_id: model, dataset_name: name, dataset_digest: digest } = metric
  return {
    ...{ key, value, at, step },
    ...(model && { model }),
    ...(name && { dataset: { name, digest: digest ?? '' } }),
  }
}

/** A dataset that is logged again, as clients do with each metric measured on it, stays as it was; its tags add up. */
function datasetTag(tags: Record<string, string>, { dataset, ...input }: DatasetInput): readonly [string, string] {
  const key = `${INPUT_DATASET}${dataset.digest}.${dataset.name}`
  const before = tags[key] === undefined ? undefined : (JSON.parse(tags[key]) as DatasetInput)
  const merged = new Map([...(before?.tags ?? []), ...input.tags].map((tag) => [tag.key, tag]))
  return [
    key,
    JSON.stringify({ tags: [...merged.values()], dataset: before?.dataset ?? dataset } satisfies DatasetInput),
  ]
}

const MODEL_HISTORY = 'mlflow.log-model.history'
const ToldModel = z.looseObject({
  artifact_path: z.string(),
  flavors: z.record(z.string(), z.unknown()),
  utc_time_created: z.string(),
  run_id: z.string(),
  model_uuid: z.string().nullish(),
})

/** The part of a model's description that its run keeps. @throws ParameterInvalid */
function toldModel(json: string) {
  try {
    const { run_id, artifact_path, utc_time_created, model_uuid = null, flavors } = ToldModel.parse(JSON.parse(json))
    return { run_id, artifact_path, utc_time_created, model_uuid, flavors }
  } catch {
    throw new ParameterInvalid(
      'The model_json is no description of a model.',
      'Send what an MLmodel file says, as JSON.',
    )
  }
}
