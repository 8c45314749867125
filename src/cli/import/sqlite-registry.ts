import { DELETED_STAGE } from './folder-registry.ts'
import type { Pairs, Report, SourceRegisteredModel, SourceVersion } from './source.ts'
import type { OldDatabase } from './old-database.ts'

interface VersionRow {
  version: number
  created: number | null
  updated: number | null
  description: string | null
  user: string | null
  stage: string | null
  source: string | null
  run: string | null
  status: string | null
  message: string | null
  link: string | null
}

/** The registry in the database of a tracking server: the default workspace, the only one before 3.10. */
export function* registeredModelsOf(old: OldDatabase, report: Report): Generator<SourceRegisteredModel> {
  const here = old.has('registered_models', 'workspace') ? `workspace = 'default'` : 'true'
  if (here !== 'true') {
    const elsewhere = old.all<{ name: string; workspace: string }>(
      `select name, workspace from registered_models where not ${here}`,
    )
    for (const { name, workspace } of elsewhere)
      report({ what: `registered model ${name}`, reason: `it is in workspace ${workspace}; only default is brought` })
  }
  const models = old.all<{ name: string; created: number | null; updated: number | null; description: string | null }>(
    `select name, creation_time as created, last_updated_time as updated, description from registered_models
     where ${here} order by name`,
  )
  for (const { name, created, updated, description } of models) {
    const tags = old.all<Tag>(`select key, value from registered_model_tags where name = ? and ${here}`, name)
    const aliases = old.has('registered_model_aliases')
      ? old.all<{ alias: string; version: number }>(
          `select alias, version from registered_model_aliases where name = ? and ${here}`,
          name,
        )
      : []
    yield {
      name,
      description: description ?? '',
      createdAt: created ?? 0,
      updatedAt: updated ?? 0,
      tags: pairs(tags),
      aliases: Object.fromEntries(aliases.map(({ alias, version }) => [alias, version])),
      versions: versionsOf(old, name, here),
    }
  }
}

function versionsOf(old: OldDatabase, name: string, here: string): SourceVersion[] {
  const rows = old.all<VersionRow>(
    `select version, creation_time as created, last_updated_time as updated, description, user_id as user,
       current_stage as stage, source, run_id as run, status, status_message as message, run_link as link
     from model_versions where name = ? and ${here} and current_stage <> '${DELETED_STAGE}' order by version`,
    name,
  )
  return rows.map((row) => ({
    version: row.version,
    description: row.description ?? '',
    createdAt: row.created ?? 0,
    updatedAt: row.updated ?? 0,
    user: row.user ?? '',
    stage: row.stage ?? 'None',
    source: row.source ?? '',
    run: row.run || null,
    model: null,
    status: row.status ?? 'READY',
    statusMessage: row.message ?? '',
    runLink: row.link ?? '',
    tags: pairs(
      old.all<Tag>(
        `select key, value from model_version_tags where name = ? and version = ? and ${here}`,
        name,
        row.version,
      ),
    ),
  }))
}

interface Tag {
  key: string
  value: string | null
}

const pairs = (tags: readonly Tag[]): Pairs => Object.fromEntries(tags.map(({ key, value }) => [key, value ?? '']))
