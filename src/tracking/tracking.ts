import { ulid } from 'ulid'
import type { Blobs } from '#platform/blobs'
import type { Events } from '#platform/events'
import type { Storage, Tx } from '#platform/storage'
import type { Clock } from '#platform/time'
import type { Artifact, Run } from './contract.ts'
import { ExperimentUnknown, ParamConflict, RunUnknown } from './errors.ts'
import {
  artifactsOf,
  type Experiment,
  experimentByNameIn,
  experimentsWhere,
  insertArtifact,
  insertExperiment,
  insertMetrics,
  insertParams,
  insertRun,
  listRuns,
  type MetricValue,
  metricHistory,
  type RunFilter,
  runById,
  updateRun,
  upsertTags,
} from './store.ts'

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

export interface Tracking {
  ensureExperiment(tx: Tx, name: string, project: string | null): Promise<Experiment>
  experiment(where: { id: string } | { name: string }): Promise<Experiment>
  experiments(): Promise<Experiment[]>
  startRun(run: { experiment: string; name: string; parent?: string; startedAt?: number; id?: string }): Promise<Run>
  /** In the caller's transaction, so that a pipeline's journal and its runs land together. Idempotent by id. */
  recordRun(tx: Tx, run: FinishedRun): Promise<void>
  /** Ends a run with what it came to, in the caller's transaction. Idempotent. */
  completeRun(
    tx: Tx,
    id: string,
    outcome: Pick<FinishedRun, 'params' | 'metrics' | 'artifacts' | 'endedAt'>,
  ): Promise<void>
  /** Marks a run as failed because what it belongs to failed; nothing where there is no such run. */
  abandonRun(tx: Tx, id: string): Promise<void>
  finishRun(id: string, state: Exclude<Run['state'], 'running'>, endedAt?: number): Promise<void>
  log(
    run: string,
    values: {
      params?: readonly (readonly [string, string])[]
      metrics?: readonly MetricValue[]
      tags?: readonly (readonly [string, string])[]
    },
  ): Promise<void>
  addArtifact(run: string, path: string, bytes: Parameters<Blobs['put']>[0]): Promise<Artifact>
  run(id: string): Promise<Run>
  runs(filter: RunFilter): Promise<Run[]>
  history(run: string, metric: string): Promise<MetricValue[]>
  artifacts(run: string): Promise<Artifact[]>
}

export function openTracking(needs: { storage: Storage; blobs: Blobs; events: Events; clock: Clock }): Tracking {
  const { storage, blobs, events, clock } = needs

  async function requireRun(id: string): Promise<Run> {
    const run = await runById(storage, id)
    if (!run) throw new RunUnknown(id)
    return run
  }

  async function ensureExperiment(tx: Tx, name: string, project: string | null): Promise<Experiment> {
    const existing = await experimentByNameIn(tx, name)
    if (existing) return existing
    const experiment = { id: ulid(clock.now()), name, project, createdAt: clock.now() }
    await insertExperiment(tx, experiment)
    return experiment
  }

  async function completeRun(
    tx: Tx,
    id: string,
    { params, metrics, artifacts, endedAt }: Pick<FinishedRun, 'params' | 'metrics' | 'artifacts' | 'endedAt'>,
  ): Promise<void> {
    const conflict = await insertParams(tx, id, Object.entries(params))
    if (conflict) throw new ParamConflict(conflict.key, conflict.before, conflict.after)
    const finite = Object.entries(metrics).filter(([, value]) => Number.isFinite(value))
    await insertMetrics(
      tx,
      id,
      finite.map(([key, value]) => ({ key, value, step: 0, at: endedAt })),
    )
    for (const artifact of artifacts) await insertArtifact(tx, id, artifact)
    await updateRun(tx, id, { state: 'finished', endedAt })
  }

  return {
    ensureExperiment,
    experiment: async (where) => {
      const [experiment] = await experimentsWhere(storage, where)
      if (!experiment) throw new ExperimentUnknown('id' in where ? where.id : where.name)
      return experiment
    },
    experiments: () => experimentsWhere(storage, {}),
    startRun: async ({ experiment, name, parent, startedAt = clock.now(), id = ulid(clock.now()) }) => {
      const [owner] = await experimentsWhere(storage, { id: experiment })
      if (!owner) throw new ExperimentUnknown(experiment)
      await storage.write(async (tx) => {
        await insertRun(tx, { id, name, experiment, project: owner.project, parent: parent ?? null, startedAt })
        await events.publish(tx, {
          type: 'tracking.run_started',
          project: owner.project ?? undefined,
          subject: id,
          data: { name },
        })
      })
      return requireRun(id)
    },
    recordRun: async (tx, run) => {
      const experiment = await ensureExperiment(tx, run.experiment, run.project)
      const { id, name, project, parent, startedAt } = run
      await insertRun(tx, { id, name, project, parent, startedAt, experiment: experiment.id })
      await upsertTags(tx, id, Object.entries(run.tags))
      await completeRun(tx, id, run)
    },
    completeRun,
    abandonRun: (tx, id) => updateRun(tx, id, { state: 'failed', endedAt: clock.now() }),
    finishRun: async (id, state, endedAt = clock.now()) => {
      const run = await requireRun(id)
      await storage.write(async (tx) => {
        await updateRun(tx, id, { state, endedAt })
        await events.publish(tx, {
          type: 'tracking.run_finished',
          project: run.project ?? undefined,
          subject: id,
          data: { name: run.name, state },
        })
      })
    },
    log: async (run, { params = [], metrics = [], tags = [] }) => {
      await requireRun(run)
      await storage.write(async (tx) => {
        const conflict = await insertParams(tx, run, params)
        if (conflict) throw new ParamConflict(conflict.key, conflict.before, conflict.after)
        await insertMetrics(tx, run, metrics)
        await upsertTags(tx, run, tags)
      })
    },
    addArtifact: async (run, path, bytes) => {
      await requireRun(run)
      const artifact = { path, ...(await blobs.put(bytes)) }
      await storage.write((tx) => insertArtifact(tx, run, artifact))
      return artifact
    },
    run: requireRun,
    runs: (filter) => listRuns(storage, filter),
    history: async (run, metric) => {
      await requireRun(run)
      return metricHistory(storage, run, metric)
    },
    artifacts: (run) => artifactsOf(storage, run),
  }
}
