/** MLflow's records as Orrery keeps them. Pure. */
import { datasetTag, modelInputTag, modelOutputTag } from '#protocols/contract'
import type { ImportedExperiment, ImportedModel, ImportedRun } from '#tracking/contract'
import type { Pairs, SourceExperiment, SourceModel, SourceRun } from './source.ts'

const RUN_NAME = 'mlflow.runName'
const PARENT_RUN = 'mlflow.parentRunId'
const USER = 'mlflow.user'

export function experimentFrom({ deleted, ...experiment }: SourceExperiment): ImportedExperiment {
  const { id, name, tags, createdAt, updatedAt } = experiment
  return { id, name, tags, createdAt, updatedAt, deletedAt: deleted ? updatedAt : null }
}

/** Tags that became the name of a run and the run it is nested in. */
export function ownTags(run: SourceRun): Pairs {
  const { [RUN_NAME]: _name, [PARENT_RUN]: _parent, ...tags } = run.tags
  return tags
}

export const parentOf = (run: SourceRun): string | null => run.tags[PARENT_RUN] || null

/**
 * @param experimentDeletedAt runs that went into the bin with their experiment come out with it
 * @param orphan whether there is no such run as the one it was nested in: its tag is all that is left of it
 */
export function runFrom(
  run: SourceRun,
  { experimentDeletedAt, orphan }: { experimentDeletedAt: number | null; orphan: boolean },
): ImportedRun {
  const { id, experiment, startedAt, endedAt, params } = run
  const parent = parentOf(run)
  const deletedAt = run.deleted ? (experimentDeletedAt ?? run.deletedAt ?? endedAt ?? startedAt) : null
  return {
    ...{ id, experiment, startedAt, endedAt, deletedAt, params },
    name: run.name || run.tags[RUN_NAME] || id.slice(0, 8),
    state: stateFrom(run.status),
    parent: orphan ? null : parent,
    tags: {
      ...ownTags(run),
      ...(run.user && run.tags[USER] === undefined && { [USER]: run.user }),
      ...(orphan && parent && { [PARENT_RUN]: parent }),
      ...linkTags(run),
    },
  }
}

/** What a run was given and what came of it. */
export function linkTags({ datasets, modelInputs, modelOutputs }: SourceRun): Pairs {
  return Object.fromEntries([
    ...datasets.map((input) => [datasetTag(input.dataset), JSON.stringify(input)]),
    ...modelInputs.map((id) => [modelInputTag(id), '']),
    ...modelOutputs.map(({ id, step }) => [modelOutputTag(id), String(step)]),
  ])
}

/** A run that only waits to start counts as running. */
function stateFrom(status: string): ImportedRun['state'] {
  const state = status.toLowerCase()
  return state === 'finished' || state === 'failed' || state === 'killed' ? state : 'running'
}

/** @param here the ids that runs have here, where they are others */
export function modelFrom(model: SourceModel, here: ReadonlyMap<string, string>): ImportedModel {
  const { id, experiment, run, name, type, status, params, tags, createdAt, updatedAt, deleted } = model
  return {
    ...{ id, experiment, name, type, status, params, tags, createdAt, updatedAt },
    run: run === null ? null : (here.get(run) ?? run),
    deletedAt: deleted ? updatedAt : null,
  }
}
