import { basename, join } from 'node:path'
import { foldersIn, type Meta, metaIn, pairsIn, text } from './folder-files.ts'
import type { Report, SourceRegisteredModel, SourceVersion } from './source.ts'

/** How the original keeps a version that was deleted, so that its number is not given again. */
export const DELETED_STAGE = 'Deleted_Internal'

/** The registry in an `mlruns` folder. */
export async function* registeredModelsIn(folder: string, report: Report): AsyncGenerator<SourceRegisteredModel> {
  for (const model of foldersIn(folder)) {
    const meta = metaIn(model, 'registered model', `registered model ${basename(model)}`, report)
    if (!meta) continue
    const name = text(meta.name) || basename(model)
    const aliases = Object.entries(pairsIn(join(model, 'aliases'))).map(([alias, version]) => [alias, Number(version)])
    yield {
      name,
      description: text(meta.description),
      createdAt: Number(meta.creation_timestamp ?? 0),
      updatedAt: Number(meta.last_updated_timestamp ?? 0),
      tags: pairsIn(join(model, 'tags')),
      aliases: Object.fromEntries(aliases),
      versions: versionsIn(name, model, report),
    }
  }
}

function versionsIn(name: string, model: string, report: Report): SourceVersion[] {
  const folders = foldersIn(model).filter((folder) => /^version-\d+$/.test(basename(folder)))
  const versions = folders.flatMap((folder) => {
    const number = Number(basename(folder).slice('version-'.length))
    const meta = metaIn(folder, 'model version', `model version ${name} ${number}`, report)
    return meta && meta.current_stage !== DELETED_STAGE ? [versionFrom(number, folder, meta)] : []
  })
  return versions.sort((a, b) => a.version - b.version)
}

function versionFrom(version: number, folder: string, meta: Meta): SourceVersion {
  return {
    version,
    description: text(meta.description),
    createdAt: Number(meta.creation_timestamp ?? 0),
    updatedAt: Number(meta.last_updated_timestamp ?? 0),
    user: text(meta.user_id),
    stage: text(meta.current_stage) || 'None',
    source: text(meta.source),
    run: text(meta.run_id) || null,
    model: text(meta.model_id) || null,
    status: text(meta.status) || 'READY',
    statusMessage: text(meta.status_message),
    runLink: text(meta.run_link),
    tags: pairsIn(join(folder, 'tags')),
  }
}
