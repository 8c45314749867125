import type { Tx } from '#platform/storage'
import type { ModelVersion } from './entities.contract.ts'
import { SourceInvalid } from './errors.ts'
import { openTeller } from './facts.ts'
import { checkVersionFree } from './guard.ts'
import { checkTagChange, type NotesChange } from './models.ts'
import { checkDescription, checkModelName, checkSourceLength, checkTags } from './names.ts'
import { type RegistryNeeds, requireModel, requireVersion } from './needs.ts'
import { checkSource, parseModelUri, placeOfLoggedModel } from './source.ts'
import { aliasedVersion, deleteAliasesOf } from './store/aliases.ts'
import { PROMPT_TAG, updateModel } from './store/models.ts'
import { searchVersions, type VersionSearch } from './store/search.ts'
import { endPeriods } from './store/service-periods.ts'
import {
  changeVersionTags,
  insertVersion,
  latestByStage,
  listVersions,
  saveVersion,
  versionFromAny,
} from './store/versions.ts'

/** A model that a client logged, on its way to be a version. */
export interface LoggedVersion {
  model: string
  /** `models:/…`, `runs:/…`, or where its files lie. */
  source: string
  run?: string | undefined
  loggedModel?: string | undefined
  runLink?: string | undefined
  description?: string | undefined
  tags?: Readonly<Record<string, string>>
  by: string
  /** Why it exists; that somebody's training code registered it when absent. */
  reason?: string | undefined
}

export interface Versions {
  /**
   * Registers a model as a client logged it, with the next number of the model. No gate has seen it and it has no package:
   * `attachPackage` is its way to production.
   *
   * @throws NameInvalid, SourceInvalid, ModelUnknown
   */
  registerLogged(version: LoggedVersion): Promise<ModelVersion>
  /** @throws VersionUnknown */
  version(model: string, version: number): Promise<ModelVersion>
  /** Newest first. */
  versions(model: string, page: { limit: number; offset: number }): Promise<ModelVersion[]>
  searchVersions(search: VersionSearch): Promise<ModelVersion[]>
  /** @throws NameInvalid, VersionUnknown */
  describeVersion(model: string, version: number, notes: NotesChange, by: string): Promise<ModelVersion>
  /** Its number is not given again. @throws VersionUnknown, VersionInUse where it serves, has served or is on its way */
  deleteVersion(model: string, version: number, by: string): Promise<void>
  /** Which version needs one of these runs or logged models, if any does: `price-up v3`, and of which. */
  keeperOf(
    tx: Tx,
    of: 'runs' | 'logged models',
    ids: readonly string[],
  ): Promise<{ id: string; keeper: string } | undefined>
}

/** Prompts have no files; these are the addresses that MLflow's clients give them. */
const PROMPT_SOURCES: readonly string[] = ['dummy-source', 'prompt-template']

export function openVersions(needs: RegistryNeeds): Versions {
  const { storage, clock, tracking, deploymentsOf } = needs
  const tell = openTeller(needs.events)

  /** What a source means, and whose it is. */
  async function resolve(
    asked: LoggedVersion,
  ): Promise<Pick<ModelVersion, 'source' | 'location' | 'run' | 'loggedModel'>> {
    const { source } = asked
    const claimed = { run: asked.run || null, loggedModel: asked.loggedModel || null }
    if (asked.tags?.[PROMPT_TAG]?.toLowerCase() === 'true') {
      if (!PROMPT_SOURCES.includes(source)) throw new SourceInvalid(source, 'A prompt has no files.')
      return { source, location: source, ...claimed }
    }
    const uri = /^models:/i.test(source) ? parseModelUri(source) : undefined
    if (uri && uri.kind !== 'logged') {
      const copied = await versionNamed(uri)
      const differs = (given: string | undefined, own: string | null) => given !== undefined && given !== (own ?? '')
      if (differs(asked.run, copied.run) || differs(asked.loggedModel, copied.loggedModel))
        throw new SourceInvalid(
          source,
          'The run_id and model_id request parameters must match the referenced model version.',
        )
      const { run, loggedModel, location } = copied
      return { source: `models:/${copied.model}/${copied.version}`, location, run, loggedModel }
    }
    const loggedModel = claimed.loggedModel
    await checkSource(tracking, { source, run: claimed.run, loggedModel })
    if (loggedModel === null) return { source, location: source, ...claimed }
    const logged = await tracking.loggedModel(loggedModel)
    const location = uri ? placeOfLoggedModel(logged) : source
    return { source, location, loggedModel, run: claimed.run ?? logged.run }
  }

  async function versionNamed(uri: Exclude<ReturnType<typeof parseModelUri>, { kind: 'logged' }>) {
    await requireModel(storage, uri.name)
    if (uri.kind === 'version') return requireVersion(storage, uri.name, uri.version)
    if (uri.kind === 'alias') {
      const version = await aliasedVersion(storage, uri.name, uri.alias)
      if (version === undefined) throw new SourceInvalid(`models:/${uri.name}@${uri.alias}`, 'There is no such alias.')
      return requireVersion(storage, uri.name, version)
    }
    const stage = uri.stage.toLowerCase()
    const [newest] = (await latestByStage(storage, [uri.name])).filter(
      (version) => stage === 'latest' || version.stage === stage,
    )
    if (!newest) throw new SourceInvalid(`models:/${uri.name}/${uri.stage}`, 'There is no version in this stage.')
    return newest
  }

  return {
    registerLogged: async (asked) => {
      checkModelName(asked.model)
      checkSourceLength(asked.source)
      const tags = checkTags(asked.tags ?? {})
      const description = checkDescription(asked.description ?? '')
      await requireModel(storage, asked.model)
      const from = await resolve(asked)
      const made = from.run === null ? undefined : await tracking.run(from.run).catch(() => undefined)
      const number = await storage.write(async (tx) => {
        const model = await requireModel(tx, asked.model)
        const now = clock.now()
        await updateModel(tx, model.name, { updated_at: now })
        const project = model.project ?? made?.project ?? null
        const version = await insertVersion(
          tx,
          {
            ...{ model: model.name, project, ...from, description, by: asked.by, runLink: asked.runLink || null },
            ...{ state: 'registered', stage: 'none', createdAt: now, updatedAt: now },
            cause: { kind: 'person', by: asked.by, reason: asked.reason ?? 'registered from training code' },
            ...{ pipelineRun: null, dataVersion: null, code: null, environment: {}, signature: null, package: null },
            ...{ metrics: {}, comparison: null, importance: [], endpoint: null, releaseRequests: null },
            ...{ promisedLoss: null, gates: [], certification: null, trainedUntil: null },
          },
          null,
        )
        await changeVersionTags(tx, { model: model.name, version }, tags)
        const { source, run } = from
        const named = { model: model.name, version, project }
        await tell.ofVersion(tx, 'version_logged', named, { by: asked.by, source, run, tags, description })
        return version
      })
      return requireVersion(storage, asked.model, number)
    },
    version: (model, version) => requireVersion(storage, model, version),
    versions: (model, page) => listVersions(storage, { model }, page),
    searchVersions: (search) => searchVersions(storage, search),
    describeVersion: async (model, version, { description, tags = {} }, by) => {
      if (description !== undefined) checkDescription(description)
      checkTagChange(tags)
      await storage.write(async (tx) => {
        const found = await requireVersion(tx, model, version)
        if (description !== undefined) {
          await saveVersion(tx, found, { description, updated_at: clock.now() })
          await tell.ofVersion(tx, 'version_updated', found, { by, description })
        }
        await changeVersionTags(tx, found, tags)
        for (const [key, value] of Object.entries(tags))
          await tell.ofVersion(tx, value === null ? 'tag_deleted' : 'tag_set', found, {
            by,
            key,
            ...(value !== null && { value }),
          })
      })
      return requireVersion(storage, model, version)
    },
    deleteVersion: (model, version, by) =>
      storage.write(async (tx) => {
        const found = await requireVersion(tx, model, version)
        checkVersionFree(await deploymentsOf(tx, model), model, version)
        const now = clock.now()
        await saveVersion(tx, found, { deleted_at: now, updated_at: now })
        await deleteAliasesOf(tx, found)
        await endPeriods(tx, found.model, 'champion', now, version)
        await endPeriods(tx, found.model, 'production', now, version)
        await updateModel(tx, model, { updated_at: now })
        await tell.ofVersion(tx, 'version_deleted', found, { by })
      }),
    keeperOf: async (tx, of, ids) => {
      const found = await versionFromAny(tx, of === 'runs' ? 'run' : 'logged_model', ids)
      return found && { id: found.from, keeper: `${found.model} v${found.version}` }
    },
  }
}
