import type { DatasetSpec } from '../contract.ts'
import type { Duck } from '../duckdb.ts'
import { eventTime, storedTypes } from '../event-time.ts'
import { checkSelect, nodesOf, SqlRefused } from '../sandbox/select.ts'
import { name, parquet } from '../sql.ts'
import type { TableStepsRequest } from './request.ts'

interface Tried {
  /** What a person wrote. */
  written: string
  /** The same with columns as they are stored. */
  sql: string
  /** The table it read, and what it made of it. */
  from: string
  to: string
  request: Pick<TableStepsRequest, 'dataset' | 'others'> & { spec: Pick<DatasetSpec, 'label' | 'time' | 'split'> }
}

/**
 * Whether a query shows a row what it cannot know, tried out on the rows themselves. No way of writing SQL hides from that.
 *
 * - With the same label in every row, all other columns must be as they were.
 * - With the later half of the rows taken away, or the test part, in this table and in others that have a time, those before
 *   must be as they were.
 * - Where rows have no time, what is computed over the whole table at once is refused as it stands.
 *
 * @throws SqlRefused
 */
export async function refuseLeaks(duck: Duck, tried: Tried): Promise<void> {
  const { label, time, split } = tried.request.spec
  if (label === undefined) return
  await refuseUseOfLabel(duck, tried, label)
  if (split?.by === 'time' && time) await refuseFuture(duck, tried, time, split)
  else await refuseWholeTable(duck, tried)
}

async function refuseUseOfLabel(duck: Duck, { sql, from, to, request }: Tried, label: string): Promise<void> {
  const there = await storedTypes(duck, parquet(from))
  // A label that the query makes itself is made of what is there; that is what labels are made of.
  if (!there.has(label)) return
  const cell = name(label)
  const first = `(SELECT first(${cell}) FROM ${parquet(from)} WHERE ${cell} IS NOT NULL)`
  await openAs(
    duck,
    request,
    (set, path) =>
      set === request.dataset
        ? `SELECT * REPLACE (${first} AS ${cell}) FROM ${parquet(from)}`
        : `SELECT * FROM ${parquet(path)}`,
    from,
  )
  const made = await storedTypes(duck, parquet(to))
  const others = [...made.keys()].filter((column) => column !== label)
  const before = await digest(duck, parquet(to), others)
  const after = await digest(duck, `(${sql}\n)`, others)
  if (before !== after)
    throw new SqlRefused(
      `other columns, or which rows there are, depend on the label "${label}", which no record has that is to be predicted`,
      `Take "${label}" over as it is, and compute everything else without it.`,
    )
}

async function refuseFuture(
  duck: Duck,
  { sql, from, to, request }: Tried,
  time: readonly string[],
  split: NonNullable<DatasetSpec['split']>,
): Promise<void> {
  const [own, made] = [await storedTypes(duck, parquet(from)), await storedTypes(duck, parquet(to))]
  if (!time.every((column) => own.has(column) && made.has(column))) return
  const moment = eventTime(time, made)
  const columns = [...made.keys()]
  for (const share of [0.5, split.train + split.validation]) {
    const { until } = await duck.row<{ until: number | null }>(
      `SELECT quantile_disc(${moment}, ${share}) AS until FROM ${parquet(to)}`,
    )
    if (until === null) return
    await openUntil(duck, request, from, time, until)
    const before = await digest(duck, `(SELECT * FROM ${parquet(to)} WHERE ${moment} < ${until})`, columns)
    const after = await digest(duck, `(SELECT * FROM (${sql}\n) WHERE ${moment} < ${until})`, columns)
    if (before !== after)
      throw new SqlRefused(
        'rows of the past are others when those of the future are taken away: they know what has not happened yet',
        'Look back only: join with `as_of`, or use windows that are ordered by time and end at the current row.',
      )
  }
}

/** The tables as they were at a moment, where their rows have a time. */
function openUntil(duck: Duck, request: Tried['request'], from: string, time: readonly string[], until: number) {
  return openAs(
    duck,
    request,
    async (set, path) => {
      const columns = set === request.dataset ? time : request.others.get(set)!.time
      const types = await storedTypes(duck, parquet(path))
      if (!columns?.every((column) => types.has(column))) return `SELECT * FROM ${parquet(path)}`
      return `SELECT * FROM ${parquet(path)} WHERE ${eventTime(columns, types)} < ${until}`
    },
    from,
  )
}

async function refuseWholeTable(duck: Duck, { written, request }: Tried): Promise<void> {
  const statement = await checkSelect(duck, written, [request.dataset, ...request.others.keys()])
  for (const node of nodesOf(statement)) {
    const { class: kind, partitions, orders } = node as { class?: unknown; partitions?: unknown[]; orders?: unknown[] }
    if (kind === 'WINDOW' && partitions?.length === 0 && orders?.length === 0)
      throw new SqlRefused(
        'a window over the whole table is fitted on the rows of the test part, too',
        'Use a step that is fitted on the training rows: impute, clip, scale, encode.',
      )
    if (kind === 'SUBQUERY' && readsItself(node, request.dataset))
      throw new SqlRefused(
        `a query inside looks at all rows of "${request.dataset}", those of the test part too`,
        'Use a step that is fitted on the training rows: impute, clip, scale, encode.',
      )
  }
}

function readsItself(tree: unknown, dataset: string): boolean {
  for (const node of nodesOf(tree))
    if (node.type === 'BASE_TABLE' && String(node.table_name).toLowerCase() === dataset.toLowerCase()) return true
  return false
}

async function openAs(
  duck: Duck,
  { dataset, others }: Tried['request'],
  select: (set: string, path: string) => string | Promise<string>,
  from: string,
): Promise<void> {
  for (const [set, { path }] of [...others, [dataset, { path: from }] as const])
    await duck.run(`CREATE OR REPLACE TEMP VIEW ${name(set)} AS ${await select(set, path)}`)
}

/** The same for the same rows, in whatever order they stand or were added up. */
async function digest(duck: Duck, relation: string, columns: readonly string[]): Promise<string> {
  const types = await storedTypes(duck, relation)
  const cell = (column: string) =>
    types.get(column) === 'number' ? `TRY_CAST(${name(column)} AS FLOAT)` : name(column)
  const hash = columns.length === 0 ? '0::UBIGINT' : `hash(${columns.map(cell).join(', ')})`
  const { rows, sum, mixed } = await duck.row<{ rows: number; sum: string; mixed: string }>(
    `SELECT count(*) AS rows, sum(h::HUGEINT)::VARCHAR AS sum, bit_xor(h)::VARCHAR AS mixed FROM (SELECT ${hash} AS h FROM ${relation})`,
  )
  return `${rows} ${sum} ${mixed}`
}
