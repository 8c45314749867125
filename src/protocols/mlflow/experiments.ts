import { z } from 'zod'
import { type Handlers, nextCursor, offsetOf } from '#platform/http'
import { defineRoutes } from '#platform/http/contract'
import type { Storage } from '#platform/storage'
import type { Experiment, Tracking } from '#tracking'
import { DEFAULT_EXPERIMENT, experimentReply } from './entities.ts'
import { checkedExperimentName, checkedExperimentTag } from './limits.ts'
import { ExperimentReply, KeyValue, Nothing, PageToken, pageSize, Tags, ViewType } from './messages.ts'
import { selectExperiments } from './select-experiments.ts'

const ExperimentRef = z.object({ experiment_id: z.string() })
const OneExperiment = z.object({ experiment: ExperimentReply })

export const experimentRoutes = defineRoutes({
  createExperiment: {
    method: 'POST',
    path: '/api/2.0/mlflow/experiments/create',
    permission: 'tracking:write',
    summary: 'MLflow: makes an experiment.',
    body: z.object({ name: z.string(), artifact_location: z.string().optional(), tags: Tags }),
    reply: ExperimentRef,
  },
  getExperiment: {
    method: 'GET',
    path: '/api/2.0/mlflow/experiments/get',
    permission: 'tracking:read',
    summary: 'MLflow: an experiment by its id, deleted or not.',
    query: ExperimentRef,
    reply: OneExperiment,
  },
  getExperimentByName: {
    method: 'GET',
    path: '/api/2.0/mlflow/experiments/get-by-name',
    permission: 'tracking:read',
    summary: 'MLflow: an experiment by its name, deleted or not.',
    query: z.object({ experiment_name: z.string() }),
    reply: OneExperiment,
  },
  searchExperiments: {
    method: 'POST',
    path: '/api/2.0/mlflow/experiments/search',
    permission: 'tracking:read',
    summary: 'MLflow: experiments by name, time and tags.',
    body: z.object({
      max_results: pageSize(50_000).default(1_000),
      page_token: PageToken,
      filter: z.string().default(''),
      order_by: z.array(z.string()).default([]),
      view_type: ViewType,
    }),
    reply: z.object({ experiments: z.array(ExperimentReply), next_page_token: z.string().optional() }),
  },
  updateExperiment: {
    method: 'POST',
    path: '/api/2.0/mlflow/experiments/update',
    permission: 'tracking:write',
    summary: 'MLflow: renames an experiment.',
    body: ExperimentRef.extend({ new_name: z.string() }),
    reply: Nothing,
  },
  deleteExperiment: {
    method: 'POST',
    path: '/api/2.0/mlflow/experiments/delete',
    permission: 'tracking:write',
    summary: 'MLflow: puts an experiment and its runs into the bin.',
    body: ExperimentRef,
    reply: Nothing,
  },
  restoreExperiment: {
    method: 'POST',
    path: '/api/2.0/mlflow/experiments/restore',
    permission: 'tracking:write',
    summary: 'MLflow: takes an experiment out of the bin.',
    body: ExperimentRef,
    reply: Nothing,
  },
  setExperimentTag: {
    method: 'POST',
    path: '/api/2.0/mlflow/experiments/set-experiment-tag',
    permission: 'tracking:write',
    summary: 'MLflow: sets a tag of an experiment.',
    body: ExperimentRef.extend(KeyValue.shape),
    reply: Nothing,
  },
  deleteExperimentTag: {
    method: 'POST',
    path: '/api/2.0/mlflow/experiments/delete-experiment-tag',
    permission: 'tracking:write',
    summary: 'MLflow: removes a tag of an experiment.',
    body: ExperimentRef.extend({ key: z.string() }),
    reply: Nothing,
  },
})

export interface ExperimentNeeds {
  tracking: Tracking
  storage: Storage
}

export function experimentHandlers(needs: ExperimentNeeds): Handlers<typeof experimentRoutes> {
  const { tracking } = needs
  return {
    createExperiment: async ({ body }) => {
      const asked = body.artifact_location ? [{ key: 'orrery.artifact_location', value: body.artifact_location }] : []
      const { id } = await tracking.createExperiment({
        name: checkedExperimentName(body.name),
        tags: Object.fromEntries([...body.tags, ...asked].map(checkedExperimentTag)),
      })
      return { experiment_id: id }
    },
    getExperiment: async ({ query }) => {
      await ensureDefaultExperiment(needs, query.experiment_id)
      return { experiment: experimentReply(await tracking.experiment({ id: query.experiment_id })) }
    },
    getExperimentByName: async ({ query }) => ({
      experiment: experimentReply(await tracking.experiment({ name: query.experiment_name })),
    }),
    searchExperiments: async ({ body }) => {
      const limit = body.max_results
      const offset = offsetOf(body.page_token)
      const all = await tracking.experiments({ bin: body.view_type })
      const page = selectExperiments(all, body).slice(offset, offset + limit)
      const next = nextCursor(offset, page.length, limit)
      return { experiments: page.map(experimentReply), ...(next !== null && { next_page_token: next }) }
    },
    updateExperiment: async ({ body }) => {
      await tracking.renameExperiment(body.experiment_id, checkedExperimentName(body.new_name))
      return {}
    },
    deleteExperiment: async ({ body }) => {
      await tracking.deleteExperiment(body.experiment_id)
      return {}
    },
    restoreExperiment: async ({ body }) => {
      await tracking.restoreExperiment(body.experiment_id)
      return {}
    },
    setExperimentTag: async ({ body }) => {
      await tracking.tagExperiment(body.experiment_id, [checkedExperimentTag(body)])
      return {}
    },
    deleteExperimentTag: async ({ body }) => {
      await tracking.untagExperiment(body.experiment_id, body.key)
      return {}
    },
  }
}

/** The default experiment is made when somebody asks for it: an Orrery that no such client uses shows none. */
export async function ensureDefaultExperiment({ tracking, storage }: ExperimentNeeds, id: string): Promise<void> {
  const { id: known, name } = DEFAULT_EXPERIMENT
  if (id !== known) return
  const found: Experiment[] = await tracking.experiments({ id, bin: 'with' })
  if (found.length === 0) await storage.write((tx) => tracking.ensureExperiment(tx, name, null, id))
}
