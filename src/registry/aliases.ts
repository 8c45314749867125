import type { Tx } from '#platform/storage'
import type { Model, ModelVersion, ServicePeriod, Stage } from './entities.contract.ts'
import { AliasUnknown, VersionUnknown } from './errors.ts'
import { openTeller } from './facts.ts'
import { checkAliasFree, checkProductionFree } from './guard.ts'
import { checkAlias, checkNewAlias } from './names.ts'
import { type RegistryNeeds, requireModel, requireVersion } from './needs.ts'
import type { TimeRange } from './point-in-time.ts'
import { aliasedVersion, deleteAliasRow, setAliasRow } from './store/aliases.ts'
import { listModels, updateModel } from './store/models.ts'
import { beginPeriod, currentPeriod, endPeriods, periodsOf } from './store/service-periods.ts'
import { listVersions, saveVersion } from './store/versions.ts'

/** What a version is used as: by the names that people give, and by the stages that MLflow had before. */
export interface Aliases {
  /** @throws NameInvalid, VersionUnknown, SetByRollouts */
  setAlias(model: string, alias: string, version: number, by: string): Promise<Model>
  /** Nothing where there is no such alias. @throws NameInvalid, ModelUnknown, SetByRollouts */
  deleteAlias(model: string, alias: string, by: string): Promise<Model>
  /** `latest` is the newest of all. @throws NameInvalid, ModelUnknown, AliasUnknown */
  versionByAlias(model: string, alias: string): Promise<ModelVersion>
  /** @param archiveOthers the versions that are in this stage now leave it @throws VersionUnknown, SetByRollouts */
  setStage(
    model: string,
    version: number,
    stage: Stage,
    options: { archiveOthers: boolean; by: string },
  ): Promise<ModelVersion>
  /** Which version was in production when, newest first. @throws ModelUnknown */
  productionHistory(
    model: string,
    page: { limit: number; offset: number },
    during?: TimeRange,
  ): Promise<ServicePeriod[]>
}

const EVERY_VERSION = { limit: 1_000_000, offset: 0 }

export function openAliases(needs: RegistryNeeds): Aliases {
  const { storage, clock, deploymentsOf } = needs
  const tell = openTeller(needs.events)

  async function shown(name: string): Promise<Model> {
    const [model] = await listModels(storage, { names: [name] })
    return model!
  }

  return {
    setAlias: async (model, alias, version, by) => {
      checkNewAlias(alias)
      await storage.write(async (tx) => {
        const found = await requireVersion(tx, model, version)
        checkAliasFree(await deploymentsOf(tx, model), model, alias)
        await setAliasRow(tx, model, alias, version)
        if (alias === 'champion') await beginService(tx, found, 'champion', { at: clock.now(), by, why: 'alias set' })
        await tell.ofVersion(tx, 'alias_set', found, { by, alias })
      })
      return shown(model)
    },
    deleteAlias: async (model, alias, by) => {
      checkAlias(alias)
      await storage.write(async (tx) => {
        const { project } = await requireModel(tx, model)
        const version = await aliasedVersion(tx, model, alias)
        if (version === undefined) return
        checkAliasFree(await deploymentsOf(tx, model), model, alias)
        await deleteAliasRow(tx, model, alias)
        if (alias === 'champion') await endPeriods(tx, model, 'champion', clock.now())
        await tell.ofVersion(tx, 'alias_deleted', { model, version, project }, { by, alias })
      })
      return shown(model)
    },
    versionByAlias: async (model, alias) => {
      checkAlias(alias)
      await requireModel(storage, model)
      if (alias.toLowerCase() === 'latest') {
        const [newest] = await listVersions(storage, { model }, { limit: 1, offset: 0 })
        if (!newest) throw new VersionUnknown(model, 1)
        return newest
      }
      const version = await aliasedVersion(storage, model, alias)
      if (version === undefined) throw new AliasUnknown(model, alias)
      return requireVersion(storage, model, version)
    },
    setStage: async (model, version, stage, { archiveOthers, by }) => {
      await storage.write(async (tx) => {
        const found = await requireVersion(tx, model, version)
        const deployments = await deploymentsOf(tx, model)
        if ((stage === 'production') !== (found.stage === 'production')) checkProductionFree(deployments, model)
        const now = clock.now()
        if (archiveOthers) {
          const others = await listVersions(tx, { model, stage }, EVERY_VERSION)
          for (const other of others.filter((one) => one.version !== version))
            await changeStage(tx, other, 'archived', { at: now, by })
        }
        await changeStage(tx, found, stage, { at: now, by })
        await updateModel(tx, model, { updated_at: now })
      })
      return requireVersion(storage, model, version)
    },
    productionHistory: async (model, page, during) => {
      await requireModel(storage, model)
      return periodsOf(storage, model, page, during)
    },
  }

  async function changeStage(tx: Tx, version: ModelVersion, stage: Stage, { at, by }: { at: number; by: string }) {
    await saveVersion(tx, version, { stage, updated_at: at })
    if (version.stage === stage) return
    // Of a version in a stage that others may be in, too: each has a period of its own.
    if (version.stage === 'production') await endPeriods(tx, version.model, 'production', at, version.version)
    if (stage === 'production')
      await beginPeriod(tx, version.model, {
        version: version.version,
        as: 'production',
        since: at,
        by,
        why: 'stage Production',
      })
    await tell.ofVersion(tx, 'stage_changed', version, { by, from: version.stage, to: stage })
  }
}

/** A version is what a model means in production from now on; asked again for the same version, nothing changes. */
export async function beginService(
  tx: Tx,
  { model, version }: { model: string; version: number },
  as: ServicePeriod['as'],
  { at, by, why }: { at: number; by: string; why: string },
): Promise<void> {
  if ((await currentPeriod(tx, model, as))?.version === version) return
  await endPeriods(tx, model, as, at)
  await beginPeriod(tx, model, { version, as, since: at, by, why })
}
