import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { SourceNotMlflow } from './errors.ts'
import { type ArtifactPlaces, artifactFolder, filesBelow, openFile } from './local-files.ts'
import { type OldDatabase, openOldDatabase, pairsBy } from './old-database.ts'
import type {
  ArtifactOwner,
  DatasetInput,
  MlflowSource,
  Report,
  SourceExperiment,
  SourceModel,
  SourcePoints,
  SourceRegisteredModel,
  SourceRun,
} from './source.ts'
import { registeredModelsOf } from './sqlite-registry.ts'

const RUNS_PER_PAGE = 200
const POINTS_PER_PIECE = 25_000
const MODEL_STATUSES = ['pending', 'ready', 'failed'] as const

/**
 * The SQLite file of a tracking server, read only, and in short queries: one long one would keep a server that still
 * runs from writing.
 */
export function openSqliteSource(
  path: string,
  options: { artifacts: string | undefined; report: Report },
): MlflowSource {
  const file = resolve(path)
  if (!existsSync(file)) throw new SourceNotMlflow(file, 'there is no such file')
  const db = new DatabaseSync(file, { readOnly: true, timeout: 10_000 })
  const old = openOldDatabase(db, file)
  const places: ArtifactPlaces = { destination: options.artifacts, base: dirname(file) }
  const artifactsOf = (owner: ArtifactOwner) => artifactFolder(owner.artifactUri, places)
  return {
    name: file,
    kind: 'database',
    async *experiments() {
      yield* experimentsOf(old)
    },
    async *models({ id }) {
      if (old.has('logged_models')) yield* modelsOf(old, id)
    },
    async *runs({ id }) {
      for (let after = ''; ; ) {
        const page = runsOf(old, id, after)
        if (page.length > 0) yield page
        if (page.length < RUNS_PER_PAGE) return
        after = page.at(-1)!.id
      }
    },
    async *histories(runs) {
      for (const run of runs) yield* pointsOf(old, run.id)
    },
    async *files(owner) {
      yield* filesBelow(artifactsOf(owner))
    },
    open: (owner, file) => openFile(artifactsOf(owner), file),
    async *registeredModels(): AsyncGenerator<SourceRegisteredModel> {
      if (old.has('registered_models')) yield* registeredModelsOf(old, options.report)
    },
    close: () => db.close(),
  }
}

interface ExperimentRow {
  id: string
  name: string
  stage: string | null
  created: number | null
  updated: number | null
}

function* experimentsOf(old: OldDatabase): Generator<SourceExperiment> {
  const dated = old.has('experiments', 'creation_time')
  const rows = old.all<ExperimentRow>(
    `select cast(experiment_id as text) as id, name, lifecycle_stage as stage,
       ${dated ? 'creation_time' : 'null'} as created, ${dated ? 'last_update_time' : 'null'} as updated
     from experiments order by experiment_id`,
  )
  const tags = pairsBy(old.all('select cast(experiment_id as text) as owner, key, value from experiment_tags'))
  for (const { id, name, stage, created, updated } of rows) {
    const [createdAt, updatedAt] = [created ?? 0, updated ?? created ?? 0]
    yield { id, name, deleted: stage === 'deleted', createdAt, updatedAt, tags: tags.get(id) ?? {} }
  }
}

interface RunRow {
  id: string
  name: string | null
  user: string | null
  status: string
  started: number | null
  ended: number | null
  deleted: number | null
  stage: string | null
  uri: string | null
}

/** @param after the last id of the page before */
function runsOf(old: OldDatabase, experiment: string, after: string): SourceRun[] {
  const rows = old.all<RunRow>(
    `select run_uuid as id, name, user_id as user, status, start_time as started, end_time as ended,
       ${old.has('runs', 'deleted_time') ? 'deleted_time' : 'null'} as deleted, lifecycle_stage as stage, artifact_uri as uri
     from runs where experiment_id = cast(? as integer) and run_uuid > ? order by run_uuid limit ${RUNS_PER_PAGE}`,
    experiment,
    after,
  )
  const ids = JSON.stringify(rows.map((row) => row.id))
  const ofThese = 'in (select value from json_each(?))'
  const pairs = (table: string) =>
    pairsBy(old.all(`select run_uuid as owner, key, value from ${table} where run_uuid ${ofThese} order by key`, ids))
  const [params, tags] = [pairs('params'), pairs('tags')]
  const points = old.all<{ run: string; key: string }>(
    `select run_uuid as run, key, count(*) as n, max(step) as step, max(timestamp) as at, total(value) as sum
     from metrics where run_uuid ${ofThese} group by run_uuid, key order by run_uuid, key`,
    ids,
  )
  const pointsBy = Map.groupBy(points, (row) => row.run)
  const linked = inputsOf(old, ids)
  return rows.map((row) => {
    const ofRun = {
      params: params.get(row.id) ?? {},
      tags: tags.get(row.id) ?? {},
      ...(linked.get(row.id) ?? { datasets: [], modelInputs: [], modelOutputs: [] }),
    }
    const metrics = pointsBy.get(row.id) ?? []
    return {
      id: row.id,
      experiment,
      name: row.name ?? ofRun.tags['mlflow.runName'] ?? '',
      user: row.user ?? '',
      status: row.status,
      startedAt: row.started ?? 0,
      endedAt: row.ended,
      deleted: row.stage === 'deleted',
      deletedAt: row.deleted,
      artifactUri: row.uri ?? '',
      ...ofRun,
      metricKeys: metrics.map((metric) => metric.key),
      version: createHash('sha256')
        .update(JSON.stringify([row, ofRun, metrics]))
        .digest('hex'),
    }
  })
}

type Linked = Pick<SourceRun, 'datasets' | 'modelInputs' | 'modelOutputs'>

function inputsOf(old: OldDatabase, ids: string): Map<string, Linked> {
  const found = new Map<string, Linked>()
  if (!old.has('inputs')) return found
  const of = (run: string): Linked => {
    const linked = found.get(run) ?? { datasets: [], modelInputs: [], modelOutputs: [] }
    found.set(run, linked)
    return linked
  }
  const datasets = old.all<DatasetInput['dataset'] & { run: string; input: string }>(
    `select i.destination_id as run, i.input_uuid as input, d.name, d.digest, d.dataset_source_type as source_type,
       d.dataset_source as source, d.dataset_schema as schema, d.dataset_profile as profile
     from inputs as i join datasets as d on d.dataset_uuid = i.source_id
     where i.source_type = 'DATASET' and i.destination_type = 'RUN'
       and i.destination_id in (select value from json_each(?)) order by d.name, d.digest`,
    ids,
  )
  const tagsOf = Map.groupBy(
    old.all<{ input: string; key: string; value: string }>(
      `select input_uuid as input, name as key, value from input_tags
       where input_uuid in (select value from json_each(?)) order by name`,
      JSON.stringify(datasets.map((row) => row.input)),
    ),
    (tag) => tag.input,
  )
  for (const { run, input, schema, profile, ...dataset } of datasets) {
    const tags = (tagsOf.get(input) ?? []).map(({ key, value }) => ({ key, value }))
    of(run).datasets.push({ tags, dataset: { ...dataset, ...(schema && { schema }), ...(profile && { profile }) } })
  }
  const step = old.has('inputs', 'step') ? 'step' : '0'
  const models = old.all<{ kind: string; from: string; to: string; step: number }>(
    `select source_type as kind, source_id as "from", destination_id as "to", ${step} as step from inputs
     where (source_type = 'RUN_INPUT' and source_id in (select value from json_each(?1)))
        or (source_type = 'RUN_OUTPUT' and source_id in (select value from json_each(?1)))
        or (source_type = 'MODEL' and destination_id in (select value from json_each(?1)))`,
    ids,
  )
  for (const { kind, from, to, step } of models) {
    if (kind === 'RUN_OUTPUT') of(from).modelOutputs.push({ id: to, step })
    else if (kind === 'MODEL') of(to).modelInputs.push(from)
    else of(from).modelInputs.push(to)
  }
  return found
}

interface PointRow {
  key: string
  step: number
  at: number
  value: number
  is_nan: number
}

/** More than this is not held at once. */
const POINTS_AT_ONCE = 250_000

// Whole numbers of 64 bits are none of JavaScript's; as real ones those of 53 bits come through exactly.
const POINT = 'key, cast(step as real) as step, cast(timestamp as real) as at, value, is_nan'
const IN_ORDER = 'order by key, step, timestamp, value, is_nan'

/** All of a run at once, unless it is too much: then metric by metric, page by page. */
function* pointsOf(old: OldDatabase, run: string): Generator<SourcePoints> {
  const [found] = old.all<{ n: number }>('select count(*) as n from metrics where run_uuid = ?', run)
  if (found!.n <= POINTS_AT_ONCE) {
    const rows = old.all<PointRow>(`select ${POINT} from metrics where run_uuid = ? ${IN_ORDER}`, run)
    for (const [key, ofKey] of Map.groupBy(rows, (row) => row.key)) yield columns(run, key, ofKey)
    return
  }
  // The plus keeps SQLite from the table's key, which begins with the metric and would lead through every run.
  const page = `select ${POINT} from metrics where run_uuid = ? and +key = ? ${IN_ORDER} limit ${POINTS_PER_PIECE} offset ?`
  for (const { key } of old.all<{ key: string }>('select distinct key from metrics where run_uuid = ?', run)) {
    for (let offset = 0; ; offset += POINTS_PER_PIECE) {
      const rows = old.all<PointRow>(page, run, key, offset)
      if (rows.length > 0) yield columns(run, key, rows)
      if (rows.length < POINTS_PER_PIECE) break
    }
  }
}

function columns(run: string, key: string, rows: readonly PointRow[]): SourcePoints {
  return {
    ...{ run, key },
    steps: rows.map((row) => row.step),
    times: rows.map((row) => row.at),
    values: rows.map((row) => (row.is_nan ? Number.NaN : row.value)),
  }
}

interface ModelRow {
  id: string
  name: string
  uri: string
  created: number
  updated: number
  status: number
  stage: string | null
  type: string | null
  run: string | null
}

function* modelsOf(old: OldDatabase, experiment: string): Generator<SourceModel> {
  const rows = old.all<ModelRow>(
    `select model_id as id, name, artifact_location as uri, creation_timestamp_ms as created,
       last_updated_timestamp_ms as updated, status, lifecycle_stage as stage, model_type as type, source_run_id as run
     from logged_models where experiment_id = cast(? as integer) order by creation_timestamp_ms, model_id`,
    experiment,
  )
  const pairs = (kind: 'param' | 'tag') =>
    pairsBy(
      old.all(
        `select model_id as owner, ${kind}_key as key, ${kind}_value as value from logged_model_${kind}s
         where experiment_id = cast(? as integer)`,
        experiment,
      ),
    )
  const [params, tags] = [pairs('param'), pairs('tag')]
  for (const row of rows) {
    const metrics = old.all<{ run: string; key: string; step: number; at: number; name: string; digest: string }>(
      `select run_id as run, metric_name as key, metric_step as step, metric_timestamp_ms as at, dataset_name as name,
         dataset_digest as digest from logged_model_metrics where model_id = ?`,
      row.id,
    )
    yield {
      ...{ id: row.id, experiment, run: row.run || null, name: row.name, type: row.type ?? '' },
      status: MODEL_STATUSES[row.status - 1] ?? 'pending',
      createdAt: row.created,
      updatedAt: row.updated,
      deleted: row.stage === 'deleted',
      artifactUri: row.uri,
      params: params.get(row.id) ?? {},
      tags: tags.get(row.id) ?? {},
      metrics: metrics.map(({ name, digest, ...point }) => ({
        ...point,
        dataset: name ? { name, digest: digest ?? '' } : null,
      })),
    }
  }
}
