import { ulid } from 'ulid'
import type { Storage, Tx } from '#platform/storage'
import type { Clock } from '#platform/time'
import { ExperimentExists, ExperimentUnknown, InBin, TagUnknown } from './errors.ts'
import { checkFree, type KeeperOf } from './keeper.ts'
import {
  deleteExperimentTag,
  type Experiment,
  type ExperimentFilter,
  experimentsWhere,
  insertExperiment,
  updateExperiment,
  upsertExperimentTags,
} from './store/experiments.ts'
import { activeRunsOf, updateRunsOf } from './store/runs.ts'
import { inPieces } from './store/tables.ts'

export interface Experiments {
  /** The experiment of that name, made or taken out of the bin where needed. */
  ensureExperiment(tx: Tx, name: string, project: string | null, id?: string): Promise<Experiment>
  /** @throws ExperimentExists, also for the name of one in the bin */
  createExperiment(experiment: { name: string; tags?: Record<string, string> }): Promise<Experiment>
  /** In the bin or not. @throws ExperimentUnknown */
  experiment(where: { id: string } | { name: string }): Promise<Experiment>
  /** Newest first. */
  experiments(filter?: ExperimentFilter): Promise<Experiment[]>
  renameExperiment(id: string, name: string): Promise<void>
  /** Puts it and its runs into the bin, where everything about them stays readable. @throws ExperimentUnknown, Kept */
  deleteExperiment(id: string): Promise<void>
  /** Takes it out of the bin, and the runs that went in with it. @throws ExperimentUnknown when it is not there */
  restoreExperiment(id: string): Promise<void>
  tagExperiment(id: string, tags: readonly (readonly [string, string])[]): Promise<void>
  /** @throws TagUnknown */
  untagExperiment(id: string, key: string): Promise<void>
}

export function openExperiments(needs: { storage: Storage; clock: Clock; keeperOf: KeeperOf }): Experiments {
  const { storage, clock, keeperOf } = needs

  async function required(from: Storage | Tx, where: { id: string } | { name: string }): Promise<Experiment> {
    const [experiment] = await experimentsWhere(from, { ...where, bin: 'with' })
    if (!experiment) throw new ExperimentUnknown('id' in where ? where.id : `called "${where.name}"`)
    return experiment
  }

  async function requiredActive(tx: Tx, id: string): Promise<Experiment> {
    const experiment = await required(tx, { id })
    if (experiment.deletedAt !== null) throw new InBin(`experiment ${id}`)
    return experiment
  }

  async function insert(
    tx: Tx,
    {
      id = ulid(clock.now()),
      name,
      project,
      tags,
    }: { id?: string; name: string; project: string | null; tags: Record<string, string> },
  ): Promise<Experiment> {
    const now = clock.now()
    const experiment = { id, name, project, tags, createdAt: now, updatedAt: now, deletedAt: null }
    await insertExperiment(tx, experiment)
    return experiment
  }

  async function restore(tx: Tx, { id, deletedAt }: Experiment): Promise<void> {
    if (deletedAt === null) return
    await updateExperiment(tx, id, { deletedAt: null, updatedAt: clock.now() })
    await updateRunsOf(tx, id, { from: deletedAt, to: null })
  }

  return {
    ensureExperiment: async (tx, name, project, id) => {
      const [existing] = await experimentsWhere(tx, { name, bin: 'with' })
      if (!existing) return insert(tx, { ...(id !== undefined && { id }), name, project, tags: {} })
      await restore(tx, existing)
      return { ...existing, deletedAt: null }
    },
    createExperiment: ({ name, tags = {} }) =>
      storage.write(async (tx) => {
        const [existing] = await experimentsWhere(tx, { name, bin: 'with' })
        if (existing) throw new ExperimentExists(name)
        return insert(tx, { name, project: null, tags })
      }),
    experiment: (where) => required(storage, where),
    experiments: (filter = {}) => experimentsWhere(storage, filter),
    renameExperiment: (id, name) =>
      storage.write(async (tx) => {
        await requiredActive(tx, id)
        const [namesake] = await experimentsWhere(tx, { name, bin: 'with' })
        if (namesake && namesake.id !== id) throw new ExperimentExists(name)
        await updateExperiment(tx, id, { name, updatedAt: clock.now() })
      }),
    deleteExperiment: (id) =>
      storage.write(async (tx) => {
        const { deletedAt } = await required(tx, { id })
        if (deletedAt !== null) throw new ExperimentUnknown(`${id} outside the bin`)
        for (const runs of inPieces(await activeRunsOf(tx, id), 1)) await checkFree(keeperOf, tx, 'runs', runs)
        const now = clock.now()
        await updateExperiment(tx, id, { deletedAt: now, updatedAt: now })
        await updateRunsOf(tx, id, { from: null, to: now })
      }),
    restoreExperiment: (id) =>
      storage.write(async (tx) => {
        const experiment = await required(tx, { id })
        if (experiment.deletedAt === null) throw new ExperimentUnknown(`${id} in the bin`)
        await restore(tx, experiment)
      }),
    tagExperiment: (id, tags) =>
      storage.write(async (tx) => {
        await requiredActive(tx, id)
        await upsertExperimentTags(tx, id, tags)
        await updateExperiment(tx, id, { updatedAt: clock.now() })
      }),
    untagExperiment: (id, key) =>
      storage.write(async (tx) => {
        await requiredActive(tx, id)
        if (!(await deleteExperimentTag(tx, id, key))) throw new TagUnknown(key, `experiment ${id}`)
        await updateExperiment(tx, id, { updatedAt: clock.now() })
      }),
  }
}
