import { batched, type Storage, type Tx } from '#platform/storage'
import { InBin, ParamConflict, RunUnknown } from './errors.ts'
import type { LatestMetricRow, MetricRow } from './store/tables.ts'
import type { MetricValue } from './store/values.ts'
import { openValueWriter, type ParamRow, type RunState } from './store/write-values.ts'

export interface LoggedValues {
  params?: readonly (readonly [string, string])[]
  metrics?: readonly MetricValue[]
  tags?: readonly (readonly [string, string])[]
}

interface Asked {
  readonly run: string
  readonly values: LoggedValues
}

export interface LogValues {
  /** All or nothing. A param is written once. @throws RunUnknown, InBin, ParamConflict */
  log(run: string, values: LoggedValues): Promise<void>
  /** The same in the caller's transaction, which a throw undoes. */
  logIn(tx: Tx, run: string, values: LoggedValues): Promise<void>
}

/** Logging is what clients do most: what is asked for at the same time is written together, however many runs it is of. */
export function openLogValues(storage: Storage): LogValues {
  const writer = openValueWriter(storage.capabilities)

  async function write(tx: Tx, asked: readonly Asked[]): Promise<(Error | undefined)[]> {
    const runs = await writer.lockRuns(tx, [...new Set(asked.map(({ run }) => run))])
    const params = uniqueParams(asked)
    const known = params.length > 0 ? await writer.params(tx, params) : []
    const { refused, ...rows } = decide(asked, runs, known)
    await writer.insertParams(tx, rows.params)
    await writer.upsertTags(tx, rows.tags)
    await writer.insertMetrics(tx, rows.metrics)
    await writer.upsertLatestMetrics(tx, rows.latest)
    return refused
  }

  const log = batched<Asked>(storage, write)
  return {
    log: (run, values) => log({ run, values }),
    logIn: async (tx, run, values) => {
      if (isNothing(values)) return
      const [refused] = await write(tx, [{ run, values }])
      if (refused) throw refused
    },
  }
}

const isNothing = ({ params, metrics, tags }: LoggedValues) => !params?.length && !metrics?.length && !tags?.length

/** What is written and what is refused. Pure. A param of one request is known to those after it. */
function decide(asked: readonly Asked[], runs: readonly RunState[], known: readonly ParamRow[]) {
  const runOf = new Map(runs.map((run) => [run.id, run]))
  const paramOf = new Map(known.map(({ run, key, value }) => [paramId(run, key), value]))
  const params: ParamRow[] = []
  const tags = new Map<string, ParamRow>()
  const metrics: MetricRow[] = []
  const latest = new Map<string, LatestMetricRow>()
  const refused = asked.map(({ run, values }) => {
    const state = runOf.get(run)
    if (!state) return new RunUnknown(run)
    if (state.deleted_at !== null) return new InBin(`run ${run}`)
    const added = newParams(run, values.params ?? [], paramOf)
    if (added instanceof Error) return added
    for (const row of added) {
      params.push(row)
      paramOf.set(paramId(run, row.key), row.value)
    }
    // The last of two with the same key counts; one statement must not write a row twice.
    for (const [key, value] of values.tags ?? []) tags.set(paramId(run, key), { run, key, value })
    for (const metric of values.metrics ?? []) {
      const row = rowOf(run, metric)
      metrics.push(row)
      const id = paramId(run, row.key)
      latest.set(id, later(latest.get(id), row, state.experiment))
    }
    return undefined
  })
  return { refused, params, tags: [...tags.values()], metrics, latest: [...latest.values()] }
}

const paramId = (run: string, key: string) => `${run}/${key}`

function uniqueParams(asked: readonly Asked[]): { run: string; key: string }[] {
  const unique = new Map<string, { run: string; key: string }>()
  for (const { run, values } of asked)
    for (const [key] of values.params ?? []) unique.set(paramId(run, key), { run, key })
  return [...unique.values()]
}

/** Those that are not there yet, or the conflict with one that is. */
function newParams(
  run: string,
  params: readonly (readonly [string, string])[],
  known: ReadonlyMap<string, string>,
): ParamRow[] | ParamConflict {
  const added = new Map<string, ParamRow>()
  for (const [key, value] of params) {
    const before = known.get(paramId(run, key)) ?? added.get(key)?.value
    if (before === undefined) added.set(key, { run, key, value })
    else if (before !== value) return new ParamConflict(key, before, value)
  }
  return [...added.values()]
}

/** Infinities become the largest numbers there are, as in every SQL store of MLflow: JSON has no word for them. */
function rowOf(run: string, { key, value, step, at, model, dataset }: MetricValue): MetricRow {
  const isNan = Number.isNaN(value)
  return {
    run,
    key,
    step,
    at,
    value: isNan ? 0 : Math.min(Math.max(value, -Number.MAX_VALUE), Number.MAX_VALUE),
    is_nan: isNan ? 1 : 0,
    model: model ?? null,
    dataset_name: dataset?.name ?? null,
    dataset_digest: dataset?.digest ?? null,
  }
}

/** The later of two points, with the best values of both. */
function later(before: LatestMetricRow | undefined, row: MetricRow, experiment: string): LatestMetricRow {
  const value = row.is_nan ? null : row.value
  if (!before) return { ...row, experiment, min_value: value, max_value: value }
  const isLater = row.step > before.step || (row.step === before.step && row.at >= before.at)
  if (isLater) Object.assign(before, row)
  if (value !== null) {
    before.min_value = Math.min(before.min_value ?? value, value)
    before.max_value = Math.max(before.max_value ?? value, value)
  }
  return before
}
