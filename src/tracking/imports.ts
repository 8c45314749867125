import { ulid } from 'ulid'
import type { Blobs } from '#platform/blobs'
import type { Events } from '#platform/events'
import type { Storage, Tx } from '#platform/storage'
import type { Clock } from '#platform/time'
import type { Artifacts } from './artifacts.ts'
import type {
  Artifact,
  ImportedExperiment,
  ImportedModel,
  ImportedPoints,
  ImportedRun,
  KeptModel,
  KeptRun,
  Place,
  PointSums,
  RunPlace,
} from './contract.ts'
import { ExperimentUnknown, RunUnknown } from './errors.ts'
import { openLogValues } from './log-values.ts'
import { artifactsOf } from './store/artifacts.ts'
import {
  type Experiment,
  experimentsWhere,
  insertExperiment,
  updateExperiment,
  upsertExperimentTags,
} from './store/experiments.ts'
import {
  artifactsOfMany,
  cameFrom,
  followRun,
  insertOrigin,
  type OriginKind,
  originsOf,
  paramKeys,
  pointSums,
  runRows,
  setMarks,
} from './store/imports.ts'
import { insertLoggedModel, loggedModelById, replaceLoggedModel } from './store/logged-models.ts'
import { insertRun, runRow, updateRun, withDetails } from './store/runs.ts'
import type { MetricValue } from './store/values.ts'

/**
 * What another tracking server holds, brought over with its ids and times. Everything may be asked for again: nothing
 * comes twice, and what changed at the source since is followed. No event is published for what is brought: it happened
 * long ago, and nobody is to train or roll out anything because of it.
 */
export interface Imports {
  /** Keeps ids and names where they are free, and says what became of each. */
  importExperiments(source: string, experiments: readonly ImportedExperiment[]): Promise<Place[]>
  /** @throws ExperimentUnknown for a run of an experiment that was not imported before */
  importRuns(source: string, runs: readonly ImportedRun[]): Promise<RunPlace[]>
  /** @throws RunUnknown */
  importPoints(histories: readonly ImportedPoints[]): Promise<void>
  importModels(source: string, models: readonly ImportedModel[]): Promise<void>
  importArtifact(owner: string, path: string, bytes: Parameters<Blobs['put']>[0]): Promise<Artifact>
  /** What is here of these; those that never came are left out. */
  kept(
    source: string,
    ids: { runs: readonly string[]; models: readonly string[] },
  ): Promise<{ runs: KeptRun[]; models: KeptModel[] }>
  markImported(source: string, kind: OriginKind, marks: readonly { id: string; mark: string }[]): Promise<void>
  finishImport(done: { source: string; by: string; agrees: boolean; counts: Record<string, number> }): Promise<void>
}

interface Needs {
  storage: Storage
  events: Events
  clock: Clock
  artifacts: Artifacts
}

const NO_POINTS: PointSums = { points: 0, steps: 0, times: 0, nans: 0, least: null, most: null }

export function openImports({ storage, events, clock, artifacts }: Needs): Imports {
  const { logIn } = openLogValues(storage)

  async function placeExperiment(tx: Tx, source: string, experiment: ImportedExperiment): Promise<Place> {
    const known = (await originsOf(tx, source, 'experiment', [experiment.id])).get(experiment.id)
    if (known) return followExperiment(tx, experiment, known.id)
    const [same] = await experimentsWhere(tx, { id: experiment.id, bin: 'with' })
    const [namesake] = await experimentsWhere(tx, { name: experiment.name, bin: 'with' })
    const isOurs = namesake !== undefined && (await cameFrom(tx, source, 'experiment', namesake.id))
    const target = !isOurs && namesake && joinable(experiment, namesake) ? namesake : undefined
    const id = target?.id ?? (same ? ulid(clock.now()) : experiment.id)
    const name = target || !namesake ? experiment.name : await freeName(tx, experiment.name)
    if (target) await upsertExperimentTags(tx, id, missingTags(experiment.tags, target.tags))
    else {
      await insertExperiment(tx, { ...experiment, id, name, project: null })
      await updateExperiment(tx, id, { deletedAt: experiment.deletedAt, updatedAt: experiment.updatedAt })
    }
    await insertOrigin(tx, { source, kind: 'experiment', source_id: experiment.id, id })
    const how = target
      ? id === experiment.id
        ? 'kept'
        : 'joined'
      : namesake
        ? 'renamed'
        : same
          ? 'renumbered'
          : 'kept'
    return { id: experiment.id, here: id, name, how }
  }

  async function followExperiment(tx: Tx, experiment: ImportedExperiment, id: string): Promise<Place> {
    const [here] = await experimentsWhere(tx, { id, bin: 'with' })
    if (!here) throw new ExperimentUnknown(id)
    await upsertExperimentTags(tx, id, missingTags(experiment.tags, here.tags))
    // What was changed here since stays as it is.
    if (here.createdAt === experiment.createdAt && experiment.updatedAt > here.updatedAt) {
      await upsertExperimentTags(tx, id, Object.entries(experiment.tags))
      await updateExperiment(tx, id, { deletedAt: experiment.deletedAt, updatedAt: experiment.updatedAt })
    }
    const how = here.name !== experiment.name ? 'renamed' : here.id === experiment.id ? 'kept' : 'joined'
    return { id: experiment.id, here: id, name: here.name, how }
  }

  async function freeName(tx: Tx, name: string): Promise<string> {
    for (let n = 1; ; n++) {
      const candidate = n === 1 ? `${name} (imported)` : `${name} (imported ${n})`
      const [taken] = await experimentsWhere(tx, { name: candidate, bin: 'with' })
      if (!taken) return candidate
    }
  }

  async function placeRun(tx: Tx, source: string, run: ImportedRun, experiment: Experiment): Promise<RunPlace> {
    const known = (await originsOf(tx, source, 'run', [run.id])).get(run.id)
    const taken = known ? undefined : await runRow(tx, run.id)
    // Ids of runs are random: one that started in the same millisecond is that run, brought by another way.
    const id = known?.id ?? (taken && Number(taken.started_at) !== run.startedAt ? ulid(clock.now()) : run.id)
    const here = await runRow(tx, id)
    const { name, parent, startedAt } = run
    if (!here)
      await insertRun(tx, { id, name, parent, startedAt, experiment: experiment.id, project: experiment.project })
    await insertOrigin(tx, { source, kind: 'run', source_id: run.id, id })
    await updateRun(tx, id, { deletedAt: null })
    const before = here ? await paramKeys(tx, id) : new Set<string>()
    await logIn(tx, id, {
      params: Object.entries(run.params).filter(([key]) => !before.has(key)),
      tags: Object.entries(run.tags),
    })
    // A run that went on here after its server was left does not go back to what it was there.
    const wentOn = here !== undefined && here.state !== 'running' && run.state === 'running'
    await followRun(tx, id, {
      ...{ name, parent },
      state: wentOn ? here.state : run.state,
      ended_at: wentOn ? here.ended_at : run.endedAt,
      deleted_at: run.deletedAt,
    })
    return { id: run.id, here: id, isNew: here === undefined }
  }

  /** Its bin is left for the moment of a write, which nobody sees. */
  async function writePoints(tx: Tx, run: string, histories: readonly ImportedPoints[]): Promise<void> {
    const row = await runRow(tx, run)
    if (!row) throw new RunUnknown(run)
    if (row.deleted_at !== null) await updateRun(tx, run, { deletedAt: null })
    await logIn(tx, run, { metrics: histories.flatMap(pointsOf) })
    if (row.deleted_at !== null) await updateRun(tx, run, { deletedAt: Number(row.deleted_at) })
  }

  async function keptRuns(source: string, ids: readonly string[]): Promise<KeptRun[]> {
    const origins = await originsOf(storage, source, 'run', ids)
    const places = [...origins.values()].map((origin) => origin.id)
    const [sums, files, rows] = await Promise.all([
      pointSums(storage, places),
      artifactsOfMany(storage, places),
      runRows(storage, places),
    ])
    const runs = new Map((await withDetails(storage, rows)).map(({ run }) => [run.id, run]))
    return [...origins].flatMap(([id, { id: here, mark }]) => {
      const run = runs.get(here)
      if (!run) return []
      const { name, state, startedAt, endedAt, deletedAt, parent, params, tags } = run
      const told = { id, here, mark, name, state, startedAt, endedAt, deletedAt, parent, params, tags }
      return [{ ...told, sums: sums.get(here) ?? NO_POINTS, artifacts: files.get(here) ?? [] }]
    })
  }

  async function keptModels(source: string, ids: readonly string[]): Promise<KeptModel[]> {
    const found: KeptModel[] = []
    for (const { id, mark } of (await originsOf(storage, source, 'model', ids)).values()) {
      const model = await loggedModelById(storage, id)
      if (model) found.push({ ...model, mark, artifacts: await artifactsOf(storage, id) })
    }
    return found
  }

  return {
    importExperiments: (source, experiments) =>
      storage.write(async (tx) => {
        const places: Place[] = []
        for (const experiment of experiments) places.push(await placeExperiment(tx, source, experiment))
        return places
      }),
    importRuns: (source, runs) =>
      storage.write(async (tx) => {
        const origins = await originsOf(tx, source, 'experiment', [...new Set(runs.map((run) => run.experiment))])
        const experiments = new Map<string, Experiment>()
        for (const { source_id, id } of origins.values()) {
          const [experiment] = await experimentsWhere(tx, { id, bin: 'with' })
          if (experiment) experiments.set(source_id, experiment)
        }
        const places: RunPlace[] = []
        for (const run of runs) {
          const experiment = experiments.get(run.experiment)
          if (!experiment) throw new ExperimentUnknown(run.experiment)
          places.push(await placeRun(tx, source, run, experiment))
        }
        return places
      }),
    importPoints: (histories) =>
      storage.write(async (tx) => {
        for (const [run, ofRun] of Map.groupBy(histories, (history) => history.run)) await writePoints(tx, run, ofRun)
      }),
    importModels: (source, models) =>
      storage.write(async (tx) => {
        const origins = await originsOf(tx, source, 'experiment', [...new Set(models.map((model) => model.experiment))])
        for (const model of models) {
          const experiment = origins.get(model.experiment)?.id
          if (experiment === undefined) throw new ExperimentUnknown(model.experiment)
          const here = await loggedModelById(tx, model.id)
          const write = here ? replaceLoggedModel : insertLoggedModel
          await write(tx, { ...model, experiment, tags: { ...here?.tags, ...model.tags } })
          await insertOrigin(tx, { source, kind: 'model', source_id: model.id, id: model.id })
        }
      }),
    importArtifact: (owner, path, bytes) => artifacts.addArtifact(owner, path, bytes, { alsoInBin: true }),
    kept: async (source, { runs, models }) => ({
      runs: await keptRuns(source, runs),
      models: await keptModels(source, models),
    }),
    markImported: (source, kind, marks) => storage.write((tx) => setMarks(tx, source, kind, marks)),
    finishImport: ({ source, ...data }) =>
      storage.write((tx) => events.publish(tx, { type: 'tracking.import_finished', subject: source, data })),
  }
}

/**
 * Two experiments become one where somebody who looks for the name would look for the runs of both, and where they are
 * one, brought by another way before.
 */
function joinable(experiment: ImportedExperiment, namesake: Experiment): boolean {
  if (namesake.id === experiment.id && namesake.createdAt === experiment.createdAt) return true
  return namesake.deletedAt === null && experiment.deletedAt === null
}

const missingTags = (tags: Record<string, string>, here: Record<string, string>) =>
  Object.entries(tags).filter(([key]) => !Object.hasOwn(here, key))

function pointsOf({ key, model, dataset, steps, times, values }: ImportedPoints): MetricValue[] {
  const of = { ...(model !== null && { model }), ...(dataset && { dataset }) }
  return values.map((value, i) => ({ key, value: value ?? Number.NaN, step: steps[i]!, at: times[i]!, ...of }))
}
