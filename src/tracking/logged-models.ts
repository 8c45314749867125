import { randomUUID } from 'node:crypto'
import type { Storage, Tx } from '#platform/storage'
import type { Clock } from '#platform/time'
import type { LoggedModelStatus } from './contract.ts'
import { ExperimentUnknown, InBin, LoggedModelUnknown, ParamConflict, TagUnknown } from './errors.ts'
import { checkFree, type KeeperOf } from './keeper.ts'
import { anyName } from './names.ts'
import { experimentsWhere } from './store/experiments.ts'
import {
  insertLoggedModel,
  type LoggedModel,
  type LoggedModelFilter,
  loggedModelById,
  loggedModelsWhere,
  replaceLoggedModel,
} from './store/logged-models.ts'
import { type MetricValue, metricsOfModels } from './store/values.ts'

export interface NewLoggedModel {
  /** Id of the experiment. */
  experiment: string
  run?: string | undefined
  name?: string | undefined
  type?: string | undefined
  params?: Record<string, string>
  tags?: Record<string, string>
}

/** Models that training scripts left, with their files as artifacts. */
export interface LoggedModels {
  /** @throws ExperimentUnknown, InBin */
  createLoggedModel(model: NewLoggedModel): Promise<LoggedModel>
  /** In the bin or not. @throws LoggedModelUnknown */
  loggedModel(id: string): Promise<LoggedModel>
  /** Newest first, without those in the bin. */
  loggedModels(filter: LoggedModelFilter): Promise<LoggedModel[]>
  /** Adds params, each written once, and tags, and sets the status. @throws LoggedModelUnknown, InBin, ParamConflict */
  updateLoggedModel(
    id: string,
    change: { status?: LoggedModelStatus; params?: Record<string, string>; tags?: Record<string, string> },
  ): Promise<LoggedModel>
  /** @throws TagUnknown */
  untagLoggedModel(id: string, key: string): Promise<void>
  /** @throws Kept by a version that came from it */
  deleteLoggedModel(id: string): Promise<void>
  /** Every point that runs logged of these models. */
  loggedModelMetrics(ids: readonly string[]): Promise<(MetricValue & { run: string; model: string })[]>
}

export function openLoggedModels(needs: { storage: Storage; clock: Clock; keeperOf: KeeperOf }): LoggedModels {
  const { storage, clock, keeperOf } = needs

  async function required(from: Storage | Tx, id: string): Promise<LoggedModel> {
    const model = await loggedModelById(from, id)
    if (!model) throw new LoggedModelUnknown(id)
    return model
  }

  const change = (id: string, changed: (model: LoggedModel) => LoggedModel, allowed?: (tx: Tx) => Promise<void>) =>
    storage.write(async (tx) => {
      const before = await required(tx, id)
      if (before.deletedAt !== null) throw new InBin(`logged model ${id}`)
      await allowed?.(tx)
      const model = { ...changed(before), updatedAt: clock.now() }
      await replaceLoggedModel(tx, model)
      return model
    })

  return {
    createLoggedModel: ({ experiment, run = null, name = anyName(), type = '', params = {}, tags = {} }) =>
      storage.write(async (tx) => {
        const [owner] = await experimentsWhere(tx, { id: experiment, bin: 'with' })
        if (!owner) throw new ExperimentUnknown(experiment)
        if (owner.deletedAt !== null) throw new InBin(`experiment ${experiment}`)
        const now = clock.now()
        const model: LoggedModel = {
          // Clients tell a model's id from a registered model's name by this prefix.
          id: `m-${randomUUID().replaceAll('-', '')}`,
          ...{ experiment, run, name, type, params, tags },
          status: 'pending',
          ...{ createdAt: now, updatedAt: now, deletedAt: null },
        }
        await insertLoggedModel(tx, model)
        return model
      }),
    loggedModel: (id) => required(storage, id),
    loggedModels: (filter) => loggedModelsWhere(storage, filter),
    updateLoggedModel: (id, { status, params, tags }) =>
      change(id, (model) => ({
        ...model,
        status: status ?? model.status,
        params: withParams(model.params, params),
        tags: { ...model.tags, ...tags },
      })),
    untagLoggedModel: async (id, key) => {
      await change(id, (model) => {
        if (!Object.hasOwn(model.tags, key)) throw new TagUnknown(key, `logged model ${id}`)
        const { [key]: _, ...tags } = model.tags
        return { ...model, tags }
      })
    },
    deleteLoggedModel: async (id) => {
      // What is there already stays as old as it is.
      if ((await required(storage, id)).deletedAt !== null) return
      await change(
        id,
        (model) => ({ ...model, deletedAt: clock.now() }),
        (tx) => checkFree(keeperOf, tx, 'logged models', [id]),
      )
    },
    loggedModelMetrics: (ids) => metricsOfModels(storage, ids),
  }
}

function withParams(before: Record<string, string>, added: Record<string, string> = {}): Record<string, string> {
  for (const [key, value] of Object.entries(added))
    if (Object.hasOwn(before, key) && before[key] !== value) throw new ParamConflict(key, before[key]!, value)
  return { ...before, ...added }
}
