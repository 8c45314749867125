/** Orrery's experiments and runs as MLflow tells of them. Pure. */
import { INPUT_DATASET, INPUT_MODEL, OUTPUT_MODEL } from './linked.contract.ts'
import type { Run } from '#tracking/contract'
import type { Experiment, MetricValue } from '#tracking'
import { ParameterInvalid } from './dialect.ts'
import {
  type DatasetInput,
  type ExperimentReply,
  type KeyValue,
  type MetricReply,
  type RunInfo,
  type RunReply,
  unlessEmpty,
} from './messages.ts'

export const RUN_NAME = 'mlflow.runName'
export const PARENT_RUN = 'mlflow.parentRunId'
export const USER = 'mlflow.user'

export { INPUT_DATASET, INPUT_MODEL, OUTPUT_MODEL }

/** MLflow's tracking server has a default experiment of this id; clients that name none write to it. */
export const DEFAULT_EXPERIMENT = { id: '0', name: 'Default' } as const

export function experimentReply(experiment: Experiment): ExperimentReply {
  return {
    experiment_id: experiment.id,
    name: experiment.name,
    artifact_location: `mlflow-artifacts:/${experiment.id}`,
    lifecycle_stage: experiment.deletedAt === null ? 'active' : 'deleted',
    creation_time: experiment.createdAt,
    last_update_time: experiment.updatedAt,
    ...unlessEmpty('tags', pairs(experiment.tags)),
    workspace: 'default',
  }
}

export function runInfo(run: Run): RunInfo {
  return {
    run_id: run.id,
    run_uuid: run.id,
    run_name: run.name,
    experiment_id: run.experimentId,
    user_id: run.tags[USER] ?? '',
    status: run.state.toUpperCase(),
    start_time: run.startedAt,
    ...(run.endedAt !== null && { end_time: run.endedAt }),
    artifact_uri: `mlflow-artifacts:/${run.experimentId}/${run.id}/artifacts`,
    lifecycle_stage: run.deletedAt === null ? 'active' : 'deleted',
  }
}

/** @param metrics the run's latest */
export function runReply(run: Run, metrics: readonly MetricValue[]): RunReply {
  const tags: KeyValue[] = []
  const datasets: DatasetInput[] = []
  const given: { model_id: string }[] = []
  const made: { model_id: string; step: number }[] = []
  for (const tag of pairs(run.tags)) {
    const { key, value } = tag
    if (key.startsWith(INPUT_DATASET)) datasets.push(JSON.parse(value) as DatasetInput)
    else if (key.startsWith(INPUT_MODEL)) given.push({ model_id: key.slice(INPUT_MODEL.length) })
    else if (key.startsWith(OUTPUT_MODEL)) made.push({ model_id: key.slice(OUTPUT_MODEL.length), step: Number(value) })
    else tags.push(tag)
  }
  tags.push({ key: RUN_NAME, value: run.name })
  // A parent that is no run of this server is a tag like any other.
  if (run.parent !== null && run.tags[PARENT_RUN] === undefined) tags.push({ key: PARENT_RUN, value: run.parent })
  return {
    info: runInfo(run),
    data: {
      ...unlessEmpty('metrics', metrics.map(latestReply)),
      ...unlessEmpty('params', pairs(run.params)),
      ...unlessEmpty('tags', tags),
    },
    inputs: {
      ...unlessEmpty('dataset_inputs', datasets.map(datasetInputReply)),
      ...unlessEmpty('model_inputs', given),
    },
    outputs: unlessEmpty('model_outputs', made),
  }
}

const datasetInputReply = ({ tags, dataset }: DatasetInput) => ({ ...unlessEmpty('tags', tags), dataset })

/** What a run's latest value was measured of, and on, is told with its history. */
const latestReply = ({ key, value, step, at }: MetricValue) => metricReply({ key, value, step, at })

export function metricReply({ key, value, step, at, model, dataset }: MetricValue): MetricReply {
  return {
    key,
    value: Number.isNaN(value) ? 'NaN' : value,
    timestamp: at,
    step,
    ...(model !== undefined && { model_id: model }),
    ...(dataset && { dataset_name: dataset.name, dataset_digest: dataset.digest }),
  }
}

/** MLflow's statuses are our states; a run that only waits to start is as good as running to everybody who asks. */
export function stateFrom(status: string): Run['state'] {
  const state = status === 'SCHEDULED' ? 'running' : status.toLowerCase()
  if (state === 'running' || state === 'finished' || state === 'failed' || state === 'killed') return state
  throw new ParameterInvalid(`Invalid run status '${status.slice(0, 100)}'.`)
}

export const pairs = (record: Record<string, string>): KeyValue[] =>
  Object.entries(record).map(([key, value]) => ({ key, value }))
