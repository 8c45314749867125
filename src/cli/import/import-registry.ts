import type { ImportedModelHere, ImportedVersion } from '#registry/contract'
import type { ImportNeeds } from './importer.ts'
import type { SourceRegisteredModel, SourceVersion } from './source.ts'

const VERSIONS_PER_REQUEST = 100

/**
 * Registered models with their versions at the numbers they have, and their aliases and stages. Versions whose numbers are
 * missing were deleted there: those numbers are given to nobody here either.
 */
export async function importRegistry(needs: ImportNeeds, runsHere: ReadonlyMap<string, string>): Promise<void> {
  const { source, orrery, tally, progress } = needs
  for await (const model of source.registeredModels()) {
    progress({ at: model.name })
    tally.add('registered models', { source: 1 })
    tally.add('model versions', { source: model.versions.length })
    tally.add('aliases', { source: Object.keys(model.aliases).length })
    const versions = model.versions.map((version) => versionFrom(version, runsHere))
    let here: ImportedModelHere | undefined
    // Aliases come last: they are names of versions that are here by then.
    for (let at = 0; at === 0 || at < versions.length; at += VERSIONS_PER_REQUEST) {
      const some = versions.slice(at, at + VERSIONS_PER_REQUEST)
      const isLast = at + VERSIONS_PER_REQUEST >= versions.length
      const { name, description, tags, createdAt, updatedAt } = model
      const body = {
        name,
        description,
        tags,
        createdAt,
        updatedAt,
        versions: some,
        aliases: isLast ? model.aliases : {},
      }
      const answer = await orrery.call((server) => server.importModel({ body }))
      if (at === 0) tally.add('registered models', { brought: answer.isNew ? 1 : 0 })
      compareVersions(needs, model.name, some, answer)
      here = answer
    }
    compareModel(needs, model, here!)
  }
}

const STAGES = { staging: 'staging', production: 'production', archived: 'archived' } as const

/** Pure. */
export function versionFrom(version: SourceVersion, runsHere: ReadonlyMap<string, string>): ImportedVersion {
  const { description, tags, createdAt, updatedAt, source } = version
  const run = version.run === null ? null : (runsHere.get(version.run) ?? version.run)
  const [, logged] = /^models:\/+(m-[0-9a-f]{32})$/.exec(source) ?? []
  return {
    ...{ version: version.version, description, tags, createdAt, updatedAt, source, run },
    stage: STAGES[version.stage.toLowerCase() as keyof typeof STAGES] ?? 'none',
    by: version.user || 'unknown',
    location: locationFrom(source, version.run, run),
    runLink: version.runLink || null,
    loggedModel: version.model ?? logged ?? null,
  }
}

/** A file below the artifacts of a run is one of that run here, wherever it lay; what is elsewhere stays there. */
function locationFrom(source: string, run: string | null, here: string | null): string {
  if (run === null || here === null) return source
  const [, path] = new RegExp(`/${run}/artifacts/(.+)$`).exec(source) ?? []
  if (path !== undefined) return `runs:/${here}/${path}`
  return source.replace(`runs:/${run}/`, `runs:/${here}/`)
}

function compareVersions(
  { tally }: ImportNeeds,
  model: string,
  versions: readonly ImportedVersion[],
  { versions: here }: ImportedModelHere,
): void {
  const byNumber = new Map(here.map((version) => [version.version, version]))
  for (const version of versions) {
    const kept = byNumber.get(version.version)
    const differs = (['source', 'run', 'stage', 'description', 'createdAt'] as const).filter(
      (field) => kept?.[field] !== version[field],
    )
    const lost = Object.keys(version.tags).filter((key) => kept?.tags[key] !== version.tags[key])
    const reasons = [...differs, ...lost.map((key) => `tag ${key}`)]
    tally.add('model versions', { here: reasons.length === 0 ? 1 : 0, brought: kept?.isNew ? 1 : 0 })
    if (reasons.length > 0)
      tally.differ({
        what: `model version ${model} ${version.version}`,
        reason: `it differs here: ${reasons.join(', ')}`,
        hint: 'What was changed here after an import stays as it is.',
      })
  }
}

function compareModel({ tally }: ImportNeeds, model: SourceRegisteredModel, here: ImportedModelHere): void {
  const what = `registered model ${model.name}`
  const tags = Object.keys(model.tags).filter((key) => here.tags[key] !== model.tags[key])
  const aliases = Object.keys(model.aliases).filter((alias) => here.aliases[alias] !== model.aliases[alias])
  const same = tags.length === 0 && here.description === model.description
  tally.add('registered models', { here: same ? 1 : 0 })
  tally.add('aliases', { here: Object.keys(model.aliases).length - aliases.length })
  if (!same) tally.differ({ what, reason: `its description or tags differ here: ${tags.join(', ')}` })
  for (const alias of aliases)
    tally.differ({ what, reason: `alias ${alias} is of version ${here.aliases[alias] ?? 'none'} here` })
}
