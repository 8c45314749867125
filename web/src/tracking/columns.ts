/** The columns of a table of runs, each called as the server calls it when it orders by it. */
import type { RunLine } from '#tracking/contract'
import { metricDirection, metricName } from '../shell/metrics.ts'
import { isOfClient } from './tag-words.ts'

export type ColumnKind = 'metric' | 'metric_min' | 'metric_max' | 'param' | 'tag'

export interface Column {
  /** `metric_min:loss` */
  readonly id: string
  readonly kind: ColumnKind
  readonly key: string
}

/** More columns than this are chosen by hand. */
const MOST_METRICS = 5
const MOST_PARAMS = 6

export function columnFrom(id: string): Column | undefined {
  const [, kind, key] = /^(metric|metric_min|metric_max|param|tag):(.+)$/s.exec(id) ?? []
  return key === undefined ? undefined : { id, kind: kind as ColumnKind, key }
}

export const column = (kind: ColumnKind, key: string): Column => ({ id: `${kind}:${key}`, kind, key })

export const isNumeric = ({ kind }: Column) => kind !== 'param' && kind !== 'tag'

/** `loss`, `lowest loss` */
export function columnName({ kind, key }: Column): string {
  if (kind === 'metric_min') return `lowest ${metricName(key)}`
  if (kind === 'metric_max') return `highest ${metricName(key)}`
  return isNumeric({ id: '', kind, key }) ? metricName(key) : key
}

export function valueIn(run: RunLine, { kind, key }: Column): string | number | null | undefined {
  const own = <Value>(from: Record<string, Value>) => (Object.hasOwn(from, key) ? from[key] : undefined)
  if (kind === 'param') return own(run.params)
  if (kind === 'tag') return own(run.tags)
  if (kind === 'metric') return own(run.metrics)
  return own(run.bounds)?.[kind === 'metric_min' ? 'min' : 'max']
}

/** Everything that these runs logged. */
export function knownColumns(runs: readonly RunLine[]): Record<'metrics' | 'params' | 'tags', string[]> {
  const keysOf = (records: readonly Record<string, unknown>[]) => [...new Set(records.flatMap(Object.keys))].sort()
  return {
    metrics: keysOf(runs.map((run) => run.metrics)),
    params: keysOf(runs.map((run) => run.params)),
    tags: keysOf(runs.map((run) => run.tags)).filter((key) => !isOfClient(key)),
  }
}

/** Whether one of these runs has another value than the others, or none. */
export function differs(runs: readonly RunLine[], asked: Column): boolean {
  return new Set(runs.map((run) => valueIn(run, asked))).size > 1
}

/** Until a reader chooses: the first metrics, and params that tell the runs apart before those that do not. */
export function firstColumns(runs: readonly RunLine[]): Column[] {
  const known = knownColumns(runs)
  const params = known.params.map((key) => column('param', key))
  // A run that lacks a param tells little: the one parent of many would fill the table with what they share.
  const telling = params.filter((each) =>
    differs(
      runs.filter((run) => valueIn(run, each) !== undefined),
      each,
    ),
  )
  const metrics = known.metrics.filter((key) => !key.startsWith('system/'))
  return [
    ...metrics.slice(0, MOST_METRICS).map((key) => column('metric', key)),
    ...(telling.length > 0 ? telling : params).slice(0, MOST_PARAMS),
  ]
}

/** Metrics, params and tags in which these runs differ, and nothing else. */
export function differingColumns(all: readonly RunLine[]): Column[] {
  // A parent of nested runs is a folder of them: what it lacks is no difference.
  const runs = all.filter((run) => run.nested === 0)
  const { metrics, params, tags } = knownColumns(runs)
  return [
    ...metrics.map((key) => column('metric', key)),
    ...params.map((key) => column('param', key)),
    ...tags.map((key) => column('tag', key)),
  ].filter((each) => differs(runs, each))
}

/** Whether the best of these values is the best that a run came to: the highest loss on the way says nothing. */
function hasBest({ kind, key }: Column): boolean {
  const direction = metricDirection(key)
  return (
    kind === 'metric' ||
    (direction === 'lower' ? kind === 'metric_min' : kind === 'metric_max' && direction === 'higher')
  )
}

/** The best value of a column of numbers among these runs. */
export function bestIn(runs: readonly RunLine[], asked: Column): number | undefined {
  if (!hasBest(asked)) return undefined
  const values = runs.map((run) => valueIn(run, asked)).filter((value) => typeof value === 'number')
  if (values.length < 2) return undefined
  const direction = metricDirection(asked.key)
  if (direction === 'zero') return values.reduce((a, b) => (Math.abs(b) < Math.abs(a) ? b : a))
  return direction === 'lower' ? Math.min(...values) : Math.max(...values)
}

/** A metric as its last value, and the best one that a run came to on the way where that may be another. */
export function metricColumns(runs: readonly RunLine[], key: string): Column[] {
  const last = column('metric', key)
  const varies = runs.some((run) => variesIn(run, key))
  return [last, column('metric_min', key), column('metric_max', key)].filter(
    (each) => each.kind === 'metric' || (varies && hasBest(each)),
  )
}

/** Whether a metric was measured more than once, with another value. */
export function variesIn({ bounds }: Pick<RunLine, 'bounds'>, key: string): boolean {
  const own = Object.hasOwn(bounds, key) ? bounds[key] : undefined
  return own !== undefined && own.min !== own.max
}

/** The metrics that have a curve to show come first. */
export function varyingFirst(runs: readonly Pick<RunLine, 'bounds'>[], metrics: readonly string[]): string[] {
  const varies = new Set(metrics.filter((key) => runs.some((run) => variesIn(run, key))))
  return [...varies, ...metrics.filter((key) => !varies.has(key))]
}

/** The way most readers want a column ordered first. */
export function firstDirection(asked: Column): 'asc' | 'desc' {
  if (!isNumeric(asked)) return 'asc'
  return metricDirection(asked.key) === 'lower' ? 'asc' : 'desc'
}
