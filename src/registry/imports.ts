import type { Tx } from '#platform/storage'
import { isSetByRollouts } from './guard.ts'
import type { ImportedHere, ImportedModel, ImportedVersion } from './imports.contract.ts'
import { checkModelName } from './names.ts'
import type { RegistryNeeds } from './needs.ts'
import { placeOfLoggedModel } from './source.ts'
import { setAliasRow } from './store/aliases.ts'
import { changeModelTags, insertModel, listModels, modelRow, updateModel } from './store/models.ts'
import { beginPeriod } from './store/service-periods.ts'
import { changeVersionTags, insertVersion, isNumberGiven, saveVersion, versionOf } from './store/versions.ts'

export interface RegistryImports {
  /**
   * A registered model of another server, with some of its versions at the numbers they have there. Nobody is told of it:
   * it happened long ago, and nothing is to be checked or rolled out because of it. A name that another model has here
   * becomes another one. @throws NameInvalid
   */
  importModel(model: ImportedModel): Promise<ImportedHere>
}

export function openRegistryImports({ storage, tracking, deploymentsOf }: RegistryNeeds): RegistryImports {
  /** Two servers that made a model of one name in the same millisecond are one server. */
  async function placeModel(tx: Tx, model: ImportedModel): Promise<{ name: string; isNew: boolean }> {
    for (let n = 0; ; n++) {
      const name = n === 0 ? model.name : `${model.name} (imported${n === 1 ? '' : ` ${n}`})`
      const taken = await modelRow(tx, name)
      if (taken && Number(taken.created_at) !== model.createdAt) continue
      if (!taken) {
        const { description, createdAt: created_at, updatedAt: updated_at } = model
        await insertModel(tx, { name, project: null, description, created_at, updated_at })
      } else if (model.updatedAt > Number(taken.updated_at))
        await updateModel(tx, name, { description: model.description, updated_at: model.updatedAt })
      await changeModelTags(tx, name, await missing(tx, name, model.tags))
      return { name, isNew: !taken }
    }
  }

  /** What was changed here since stays as it is. */
  async function missing(tx: Tx, name: string, tags: Record<string, string>): Promise<Record<string, string>> {
    const [here] = await listModels(tx, { names: [name] })
    return Object.fromEntries(Object.entries(tags).filter(([key]) => here?.tags[key] === undefined))
  }

  /** A logged model's files are where this server keeps them. */
  async function resolved(version: ImportedVersion): Promise<ImportedVersion> {
    const logged =
      version.loggedModel === null || !version.location.startsWith('models:')
        ? undefined
        : await tracking.loggedModel(version.loggedModel).catch(() => undefined)
    return logged ? { ...version, location: placeOfLoggedModel(logged) } : version
  }

  async function placeVersion(
    tx: Tx,
    model: string,
    { stage: given, ...version }: ImportedVersion,
    project: string | null,
    isServed: boolean,
  ): Promise<ImportedHere['versions'][number] | undefined> {
    const key = { model, version: version.version }
    const before = await versionOf(tx, model, version.version)
    // Of a model that an endpoint serves, the stage Production follows roll-outs, whatever the other registry says.
    const isFree = !isServed || (given === 'production') === (before?.stage === 'production')
    const stage = isFree ? given : (before?.stage ?? 'none')
    // Deleted here since: its number is not given again.
    if (!before && (await isNumberGiven(tx, key))) return undefined
    if (!before) {
      const { description, by, createdAt, updatedAt, source, location, run, runLink, loggedModel } = version
      await insertVersion(
        tx,
        {
          ...{
            model,
            project,
            source,
            location,
            run,
            loggedModel,
            description,
            by,
            runLink,
            stage,
            createdAt,
            updatedAt,
          },
          state: 'registered',
          cause: { kind: 'person', by, reason: 'imported from another registry' },
          ...{ pipelineRun: null, dataVersion: null, code: null, environment: {}, signature: null, package: null },
          ...{ metrics: {}, comparison: null, importance: [], endpoint: null, releaseRequests: null },
          ...{ promisedLoss: null, gates: [], certification: null, trainedUntil: null },
        },
        null,
        version.version,
      )
      await changeVersionTags(tx, key, version.tags)
      if (stage === 'production')
        await beginPeriod(tx, model, {
          ...{ version: version.version, as: 'production', since: updatedAt, by },
          why: 'in stage Production when it was imported; its last change there is its start here',
        })
    } else if (version.updatedAt > before.updatedAt) {
      const { description, updatedAt: updated_at } = version
      await saveVersion(tx, key, { description, stage, updated_at })
      await changeVersionTags(tx, key, version.tags)
    }
    const here = (await versionOf(tx, model, version.version))!
    const { description, tags, by, createdAt, updatedAt, source, location, run, runLink, loggedModel } = here
    return {
      ...{ version: here.version, description, tags, stage: here.stage, by, createdAt, updatedAt, source, location },
      ...{ run, runLink, loggedModel, isNew: !before },
    }
  }

  return {
    importModel: async (model) => {
      checkModelName(model.name)
      const projects = new Map<string, string | null>()
      for (const id of new Set(model.versions.flatMap(({ run }) => run ?? [])))
        projects.set(id, (await tracking.run(id).catch(() => undefined))?.project ?? null)
      const located = await Promise.all(model.versions.map(resolved))
      return storage.write(async (tx) => {
        const { name, isNew } = await placeModel(tx, model)
        const deployments = await deploymentsOf(tx, name)
        const versions: ImportedHere['versions'] = []
        for (const version of located) {
          const placed = await placeVersion(
            tx,
            name,
            version,
            projects.get(version.run ?? '') ?? null,
            deployments.length > 0,
          )
          if (placed) versions.push(placed)
        }
        const [before] = await listModels(tx, { names: [name] })
        for (const [alias, version] of Object.entries(model.aliases)) {
          const isOlder = before?.aliases[alias] !== undefined && model.updatedAt <= before.updatedAt
          const stays = isOlder || isSetByRollouts(deployments, alias)
          if (!stays && (await versionOf(tx, name, version))) await setAliasRow(tx, name, alias, version)
        }
        const [here] = await listModels(tx, { names: [name] })
        return { name, isNew, description: here!.description, tags: here!.tags, aliases: here!.aliases, versions }
      })
    },
  }
}
