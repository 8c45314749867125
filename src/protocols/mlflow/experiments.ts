import { z } from 'zod'
import type { Handlers } from '#platform/http'
import { defineRoutes } from '#platform/http/contract'
import type { Storage } from '#platform/storage'
import type { Experiment, Tracking } from '#tracking'
import { ParameterInvalid } from './dialect.ts'
import { DEFAULT_EXPERIMENT, experimentReply } from './entities.ts'
import { knownInputs } from './inputs.ts'
import { checkedExperimentName, checkedExperimentTag } from './limits.ts'
import {
  ExperimentReply,
  KeyValue,
  message,
  Nothing,
  OneOrMore,
  PageToken,
  pageSize,
  Required,
  Tags,
  unlessEmpty,
  ViewType,
} from './messages.ts'
import { pageAfter, pageStart } from './paging.ts'
import { selectExperiments } from './select-experiments.ts'

const ExperimentRef = z.object({ experiment_id: Required })
const Search = {
  max_results: pageSize(50_000).default(1_000),
  page_token: PageToken,
  filter: z.string().default(''),
  view_type: ViewType,
}
const SearchAsked = z.object({ ...Search, order_by: z.array(z.string()) })
const DatasetSummary = z.object({
  experiment_id: z.string(),
  name: z.string(),
  digest: z.string(),
  context: z.string().optional(),
})
const Found = z.object({ experiments: z.array(ExperimentReply).optional(), next_page_token: z.string().optional() })
const OneExperiment = z.object({ experiment: ExperimentReply })

export const experimentRoutes = defineRoutes({
  createExperiment: {
    method: 'POST',
    path: '/api/2.0/mlflow/experiments/create',
    permission: 'tracking:write',
    summary: 'MLflow: makes an experiment.',
    body: message({ name: z.string(), artifact_location: z.string().optional(), tags: Tags }),
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
    query: z.object({ experiment_name: Required }),
    reply: OneExperiment,
  },
  searchExperiments: {
    method: 'POST',
    path: '/api/2.0/mlflow/experiments/search',
    permission: 'tracking:read',
    summary: 'MLflow: experiments by name, time and tags.',
    body: message({ ...Search, order_by: z.array(z.string()).default([]) }),
    reply: Found,
  },
  listExperiments: {
    method: 'GET',
    path: '/api/2.0/mlflow/experiments/search',
    permission: 'tracking:read',
    summary: 'MLflow: experiments by name, time and tags.',
    query: z.object({ ...Search, order_by: OneOrMore }),
    reply: Found,
  },
  searchDatasets: {
    method: 'POST',
    path: '/api/2.0/mlflow/experiments/search-datasets',
    permission: 'tracking:read',
    summary: 'MLflow: the datasets that runs of some experiments were given.',
    body: message({ experiment_ids: z.array(z.string()).min(1).max(20) }),
    reply: z.object({ dataset_summaries: z.array(DatasetSummary).optional() }),
  },
  updateExperiment: {
    method: 'POST',
    path: '/api/2.0/mlflow/experiments/update',
    permission: 'tracking:write',
    summary: 'MLflow: renames an experiment.',
    body: message({ ...ExperimentRef.shape, new_name: z.string() }),
    reply: Nothing,
  },
  deleteExperiment: {
    method: 'POST',
    path: '/api/2.0/mlflow/experiments/delete',
    permission: 'tracking:write',
    summary: 'MLflow: puts an experiment and its runs into the bin.',
    body: message(ExperimentRef.shape),
    reply: Nothing,
  },
  restoreExperiment: {
    method: 'POST',
    path: '/api/2.0/mlflow/experiments/restore',
    permission: 'tracking:write',
    summary: 'MLflow: takes an experiment out of the bin.',
    body: message(ExperimentRef.shape),
    reply: Nothing,
  },
  setExperimentTag: {
    method: 'POST',
    path: '/api/2.0/mlflow/experiments/set-experiment-tag',
    permission: 'tracking:write',
    summary: 'MLflow: sets a tag of an experiment.',
    body: message({ ...ExperimentRef.shape, ...KeyValue.shape }),
    reply: Nothing,
  },
  deleteExperimentTag: {
    method: 'POST',
    path: '/api/2.0/mlflow/experiments/delete-experiment-tag',
    permission: 'tracking:write',
    summary: 'MLflow: removes a tag of an experiment.',
    body: message({ ...ExperimentRef.shape, key: z.string() }),
    reply: Nothing,
  },
})

/** What the original tells of at most. */
const MOST_DATASETS = 1_000

export interface ExperimentNeeds {
  tracking: Tracking
  storage: Storage
}

export function experimentHandlers(needs: ExperimentNeeds): Handlers<typeof experimentRoutes> {
  const { tracking } = needs

  async function search(asked: z.output<typeof SearchAsked>) {
    const limit = asked.max_results
    const start = pageStart(asked.page_token)
    const all = await tracking.experiments({ bin: asked.view_type })
    const selected = selectExperiments(all, asked)
    const page = selected.slice(start, start + limit)
    return {
      ...unlessEmpty('experiments', page.map(experimentReply)),
      ...pageAfter(start, page.length, selected.length - start),
    }
  }

  return {
    createExperiment: async ({ body }) => {
      checkLocation(body.artifact_location)
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
    searchExperiments: async ({ body }) => search(body),
    listExperiments: async ({ query }) => search(query),
    searchDatasets: async ({ body }) => {
      const summaries = (await knownInputs(tracking, body.experiment_ids)).flatMap((input) => {
        const about = { experiment_id: input.experiment, name: input.name, digest: input.digest }
        return input.contexts.length === 0 ? [about] : input.contexts.map((context) => ({ ...about, context }))
      })
      const distinct = new Map(summaries.map((summary) => [JSON.stringify(summary), summary]))
      return unlessEmpty('dataset_summaries', [...distinct.values()].slice(0, MOST_DATASETS))
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

/** Artifacts are kept by Orrery wherever a client would have put them, but a place that is none is a mistake. */
function checkLocation(location: string | undefined): void {
  if (location && /[#?\0]/.test(location))
    throw new ParameterInvalid('The artifact_location has a # or a ?.', 'Leave it out: Orrery keeps artifacts itself.')
}

/** The default experiment is made when somebody asks for it: an Orrery that no such client uses shows none. */
export async function ensureDefaultExperiment({ tracking, storage }: ExperimentNeeds, id: string): Promise<void> {
  const { id: known, name } = DEFAULT_EXPERIMENT
  if (id !== known) return
  const found: Experiment[] = await tracking.experiments({ id, bin: 'with' })
  if (found.length === 0) await storage.write((tx) => tracking.ensureExperiment(tx, name, null, id))
}
