import { ulid } from 'ulid'
import type { Events } from '#platform/events'
import type { Storage, Tx } from '#platform/storage'
import type { Clock } from '#platform/time'
import type { Artifact, Run } from './contract.ts'
import { ExperimentUnknown, InBin, RunUnknown, TagUnknown } from './errors.ts'
import type { Experiments } from './experiments.ts'
import { type LogValues, openLogValues } from './log-values.ts'
import { checkFree, type KeeperOf } from './keeper.ts'
import { anyName } from './names.ts'
import { insertArtifact } from './store/artifacts.ts'
import { experimentRow } from './store/experiments.ts'
import {
  endNestedRuns,
  insertRun,
  type RunChange,
  type RunWithPoints,
  runById,
  runRow,
  updateRun,
  withDetails,
} from './store/runs.ts'
import { findRuns, type RunFilter } from './store/search.ts'
import { deleteTag, type MetricValue, metricHistory, tagsStarting } from './store/values.ts'

/** A run that is over when it is told of: a trial of a search. */
export interface FinishedRun {
  id: string
  name: string
  experiment: string
  project: string | null
  parent: string | null
  params: Record<string, string>
  metrics: Record<string, number>
  tags: Record<string, string>
  artifacts: readonly Artifact[]
  startedAt: number
  endedAt: number
}

export interface NewRun {
  /** Id of the experiment. */
  experiment: string
  /** Two words when absent. */
  name?: string | undefined
  /** The run it is nested in; ignored when there is no such run. A nested run belongs to the project of its parent. */
  parent?: string | undefined
  tags?: readonly (readonly [string, string])[]
  startedAt?: number | undefined
  id?: string
}

export interface Runs extends Pick<LogValues, 'log'> {
  /** @throws ExperimentUnknown, InBin */
  startRun(run: NewRun): Promise<Run>
  /** In the caller's transaction, so that a pipeline's journal and its runs land together. Idempotent by id. */
  recordRun(tx: Tx, run: FinishedRun): Promise<void>
  /** Ends a run with what it came to, in the caller's transaction. Idempotent. */
  completeRun(
    tx: Tx,
    id: string,
    outcome: Pick<FinishedRun, 'params' | 'metrics' | 'artifacts' | 'endedAt'>,
  ): Promise<void>
  /** Marks a run, and those nested in it that are not over, as failed because what it belongs to failed. */
  abandonRun(tx: Tx, id: string): Promise<void>
  /** Marks the runs nested in this one that are not over as killed: whoever wrote to them is gone. */
  abandonNestedRuns(tx: Tx, id: string): Promise<void>
  /** @throws RunUnknown, InBin */
  updateRun(id: string, change: Omit<RunChange, 'deletedAt'>): Promise<Run>
  /** @throws TagUnknown */
  untagRun(run: string, key: string): Promise<void>
  /** Puts it into the bin, where everything about it stays readable. @throws Kept by a version that came from it */
  deleteRun(id: string): Promise<void>
  restoreRun(id: string): Promise<void>
  /** In the bin or not. @throws RunUnknown */
  run(id: string): Promise<Run>
  runs(filter: RunFilter): Promise<Run[]>
  /** The same with the latest point of each metric. */
  runsWithPoints(filter: RunFilter): Promise<RunWithPoints[]>
  /** @throws RunUnknown */
  runWithPoints(id: string): Promise<RunWithPoints>
  /** What runs of these experiments have in tags whose keys start like this: every value once. */
  tagsStarting(
    start: string,
    experiments: readonly string[],
  ): Promise<{ experiment: string; key: string; value: string }[]>
  /** All points of one metric by step, then by time; none of a run that is not there. */
  pointsOf(run: string, metric: string): Promise<MetricValue[]>
  /** The same, page by page. @throws RunUnknown */
  history(run: string, metric: string, page?: { limit: number; offset: number }): Promise<MetricValue[]>
}

const OVER: readonly Run['state'][] = ['finished', 'failed', 'killed']

export function openRuns(needs: {
  storage: Storage
  events: Events
  clock: Clock
  experiments: Experiments
  keeperOf: KeeperOf
}): Runs {
  const { storage, events, clock, experiments, keeperOf } = needs
  const { log, logIn } = openLogValues(storage)

  async function withPoints(from: Storage | Tx, id: string): Promise<RunWithPoints> {
    const found = await runById(from, id)
    if (!found) throw new RunUnknown(id)
    return found
  }

  const required = async (from: Storage | Tx, id: string): Promise<Run> => (await withPoints(from, id)).run
  const find = async (filter: RunFilter) => withDetails(storage, await findRuns(storage, filter))

  async function requireWritable(tx: Tx, id: string): Promise<void> {
    const row = await runRow(tx, id)
    if (!row) throw new RunUnknown(id)
    if (row.deleted_at !== null) throw new InBin(`run ${id}`)
  }

  async function requireActiveExperiment(tx: Tx, id: string) {
    const experiment = await experimentRow(tx, id)
    if (!experiment) throw new ExperimentUnknown(id)
    if (experiment.deleted_at !== null) throw new InBin(`experiment ${id}`)
    return experiment
  }

  const completeRun: Runs['completeRun'] = async (tx, id, { params, metrics, artifacts, endedAt }) => {
    const finite = Object.entries(metrics).filter(([, value]) => Number.isFinite(value))
    await logIn(tx, id, {
      params: Object.entries(params),
      metrics: finite.map(([key, value]) => ({ key, value, step: 0, at: endedAt })),
    })
    for (const artifact of artifacts) await insertArtifact(tx, id, artifact)
    await updateRun(tx, id, { state: 'finished', endedAt })
  }

  return {
    startRun: ({ experiment, name = anyName(), parent, tags = [], startedAt = clock.now(), id = ulid(clock.now()) }) =>
      storage.write(async (tx) => {
        const owner = await requireActiveExperiment(tx, experiment)
        const above = parent === undefined ? undefined : await runRow(tx, parent)
        const project = owner.project ?? above?.project ?? null
        await insertRun(tx, { id, name, experiment, project, parent: above?.id ?? null, startedAt })
        await logIn(tx, id, { tags })
        await events.publish(tx, {
          type: 'tracking.run_started',
          project: project ?? undefined,
          subject: id,
          data: { name },
        })
        return required(tx, id)
      }),
    recordRun: async (tx, run) => {
      const experiment = await experiments.ensureExperiment(tx, run.experiment, run.project)
      const { id, name, project, parent, startedAt } = run
      await insertRun(tx, { id, name, project, parent, startedAt, experiment: experiment.id })
      await logIn(tx, id, { tags: Object.entries(run.tags) })
      await completeRun(tx, id, run)
    },
    completeRun,
    abandonRun: async (tx, id) => {
      const endedAt = clock.now()
      await updateRun(tx, id, { state: 'failed', endedAt })
      await endNestedRuns(tx, id, 'failed', endedAt)
    },
    abandonNestedRuns: (tx, id) => endNestedRuns(tx, id, 'killed', clock.now()),
    updateRun: (id, { state, endedAt, name, parent }) =>
      storage.write(async (tx) => {
        await requireWritable(tx, id)
        const ends = state !== undefined && OVER.includes(state)
        const above = parent === undefined || parent === id ? undefined : await runRow(tx, parent)
        await updateRun(tx, id, {
          ...{ state, name, parent: above?.id },
          endedAt: endedAt ?? (ends ? clock.now() : undefined),
        })
        const run = await required(tx, id)
        if (ends) {
          await events.publish(tx, {
            type: 'tracking.run_finished',
            project: run.project ?? undefined,
            subject: id,
            data: { name: run.name, state },
          })
        }
        return run
      }),
    log,
    untagRun: (run, key) =>
      storage.write(async (tx) => {
        await requireWritable(tx, run)
        if (!(await deleteTag(tx, run, key))) throw new TagUnknown(key, `run ${run}`)
      }),
    deleteRun: (id) =>
      storage.write(async (tx) => {
        // What is there already stays as old as it is.
        if ((await required(tx, id)).deletedAt !== null) return
        await checkFree(keeperOf, tx, 'runs', [id])
        await updateRun(tx, id, { deletedAt: clock.now() })
      }),
    restoreRun: (id) =>
      storage.write(async (tx) => {
        await required(tx, id)
        await updateRun(tx, id, { deletedAt: null })
      }),
    run: (id) => required(storage, id),
    runs: async (filter) => (await find(filter)).map(({ run }) => run),
    runsWithPoints: find,
    runWithPoints: (id) => withPoints(storage, id),
    tagsStarting: (start, ids) => tagsStarting(storage, start, ids),
    pointsOf: (run, metric) => metricHistory(storage, run, metric, undefined),
    history: async (run, metric, page) => {
      if (!(await runRow(storage, run))) throw new RunUnknown(run)
      return metricHistory(storage, run, metric, page)
    },
  }
}
