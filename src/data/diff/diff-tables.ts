import type { Duck } from '../duckdb.ts'
import { ColumnsMissing, DiffKeyRepeats } from '../errors.ts'
import { storedTypes } from '../event-time.ts'
import { rowCount } from '../frame.ts'
import type { Holds } from '../read/raw-table.ts'
import { name, parquet, shownText } from '../sql.ts'
import type { TableDiff } from './contract.ts'
import { distributionChanges } from './distribution-changes.ts'

/** Rows shown of each kind. */
const SHOWN = 20
/** Columns shown of a row that was added or removed. */
const SHOWN_COLUMNS = 12
const SHOWN_CELL = 200

/**
 * What changed between two stored tables. Rows are told apart by a 64-bit hash of the columns that both have: among ten
 * million rows the chance that two different ones are taken for equal is below one in a hundred thousand. Only rows whose hash is
 * not as often on both sides are looked at cell by cell, so that the cost is two scans and one hash table of numbers,
 * whatever the rows hold.
 *
 * @param key columns that name a row; without them rows are equal as a whole, and a multiset is compared
 * @throws ColumnsMissing, DiffKeyRepeats
 */
export async function diffTables(
  duck: Duck,
  before: string,
  after: string,
  key: readonly string[] | null,
): Promise<TableDiff> {
  const [was, is] = [await storedTypes(duck, parquet(before)), await storedTypes(duck, parquet(after))]
  const common = [...was.keys()].filter((column) => is.has(column))
  const absent = (key ?? []).filter((column) => !common.includes(column))
  if (absent.length > 0)
    throw new ColumnsMissing(absent, 'which rows were to be matched by', `Both versions have ${common.join(', ')}.`)
  const retyped = common.filter((column) => was.get(column) !== is.get(column))
  const rows = { before: await rowCount(duck, before), after: await rowCount(duck, after) }
  const sides = { was: comparable(common, retyped, was), is: comparable(common, retyped, is) }

  await duck.run(`CREATE OR REPLACE TEMP TABLE differing AS
    SELECT h, sum(d)::BIGINT AS d FROM (
      SELECT ${hashOf(sides.was)} AS h, 1 AS d FROM ${parquet(before)}
      UNION ALL SELECT ${hashOf(sides.is)}, -1 FROM ${parquet(after)}
    ) GROUP BY h HAVING sum(d) != 0`)
  await collect(duck, 'gone', before, sides.was, 'd > 0', key)
  await collect(duck, 'new', after, sides.is, 'd < 0', key)
  const found = key
    ? await matchByKey(duck, common, key)
    : { ...(await countWhole(duck)), changed: 0, cells: new Map<string, number>(), samples: [] }
  const psi = await distributionChanges(duck, before, after, { was, is, common, retyped })
  return {
    key: key && [...key],
    rows,
    added: found.added,
    removed: found.removed,
    changed: found.changed,
    unchanged: rows.after - found.added - found.changed,
    schema: {
      added: [...is.keys()].filter((column) => !was.has(column)),
      removed: [...was.keys()].filter((column) => !is.has(column)),
      retyped: retyped.map((column) => ({ column, before: was.get(column)!, after: is.get(column)! })),
    },
    columns: common.map((column) => ({
      name: column,
      changed: found.cells.get(column) ?? 0,
      psi: psi.get(column)?.psi ?? null,
      noise: psi.get(column)?.noise ?? null,
    })),
    samples: {
      columns: common.slice(0, SHOWN_COLUMNS),
      added: await sampleOf(duck, 'new', common, key ? 'gone' : undefined, key),
      removed: await sampleOf(duck, 'gone', common, key ? 'new' : undefined, key),
      changed: found.samples,
    },
  }
}

/** Each column as SQL that can be compared with the other side's: as text where they hold different things. */
function comparable(common: readonly string[], retyped: readonly string[], types: ReadonlyMap<string, Holds>) {
  return common.map((column) => {
    const cell = name(column)
    if (!retyped.includes(column) || types.get(column) === 'text') return { column, sql: cell }
    if (types.get(column) === 'time') return { column, sql: `CAST(${cell} AS VARCHAR)` }
    return {
      column,
      sql: `CASE WHEN ${cell} = floor(${cell}) AND abs(${cell}) < 1e18 THEN CAST(CAST(${cell} AS BIGINT) AS VARCHAR) ELSE CAST(${cell} AS VARCHAR) END`,
    }
  })
}

type Side = ReturnType<typeof comparable>

/** Tables without a common column are as different as can be: every row is then the same nothing. */
function hashOf(side: Side): string {
  return side.length === 0 ? 'random()' : `hash(${side.map((one) => one.sql).join(', ')})`
}

/**
 * The rows of one side that the other has not as often. Where rows have a key, all that hash so: a key that occurs
 * twice shows itself by it.
 */
async function collect(
  duck: Duck,
  table: string,
  path: string,
  side: Side,
  which: string,
  key: readonly string[] | null,
): Promise<void> {
  const cells = side.map((one) => `${one.sql} AS ${name(one.column)}`)
  const rows = `(SELECT ${[...cells, `${hashOf(side)} AS orrery_h`].join(', ')} FROM ${parquet(path)})`
  const often = key ? '' : 'QUALIFY row_number() OVER (PARTITION BY orrery_h) <= abs(d)'
  await duck.run(
    `CREATE OR REPLACE TEMP TABLE ${name(table)} AS SELECT own.* FROM ${rows} AS own JOIN differing ON h = orrery_h WHERE ${key ? 'true' : which} ${often}`,
  )
}

async function countWhole(duck: Duck): Promise<{ added: number; removed: number }> {
  return duck.row(
    'SELECT coalesce(sum(-d) FILTER (d < 0), 0)::BIGINT AS added, coalesce(sum(d) FILTER (d > 0), 0)::BIGINT AS removed FROM differing',
  )
}

/** Two rows are the same one when each part of the key is equal, or missing on both sides. */
const sameKey = (key: readonly string[]) =>
  key.map((column) => `g.${name(column)} IS NOT DISTINCT FROM n.${name(column)}`).join(' AND ')

async function matchByKey(duck: Duck, common: readonly string[], key: readonly string[]) {
  const keys = key.map(name).join(', ')
  for (const table of ['gone', 'new']) {
    const [repeated] = await duck.rows<Record<string, unknown> & { often: number }>(
      `SELECT ${key.map((column, i) => `CAST(${name(column)} AS VARCHAR) AS k${i}`).join(', ')}, count(*) AS often FROM ${name(table)} GROUP BY ${keys} HAVING count(*) > 1 LIMIT 1`,
    )
    if (repeated)
      throw new DiffKeyRepeats(
        key,
        key.map((_, i) => String(repeated[`k${i}`])),
        repeated.often,
        table === 'gone' ? 'first' : 'second',
      )
  }
  const others = common.filter((column) => !key.includes(column))
  const differs = (column: string) => `g.${name(column)} IS DISTINCT FROM n.${name(column)}`
  const matched = `gone AS g JOIN "new" AS n ON ${sameKey(key)}`
  const counts = others.map((column, i) => `count(*) FILTER (${differs(column)}) AS v${i}`)
  const found = await duck.row<Record<string, number>>(
    `SELECT ${['count(*) AS changed', '(SELECT count(*) FROM gone) AS gone', '(SELECT count(*) FROM "new") AS fresh', ...counts].join(', ')} FROM ${matched}`,
  )
  const pairs = others.map((column) => {
    const [b, a] = [`g.${name(column)}`, `n.${name(column)}`].map((cell) => `(${shownText(cell)})[:${SHOWN_CELL}]`)
    return `CASE WHEN ${differs(column)} THEN [${b}, ${a}] END`
  })
  const shown = key.map((column) => shownText(`n.${name(column)}`))
  const rows = await duck.rows<{ key: (string | null)[]; cells: ([string | null, string | null] | null)[] }>(
    `SELECT [${shown.join(', ')}] AS key, [${pairs.join(', ')}] AS cells FROM ${matched} ORDER BY ${key.map((column) => `n.${name(column)}`).join(', ')} LIMIT ${SHOWN}`,
  )
  return {
    added: found.fresh! - found.changed!,
    removed: found.gone! - found.changed!,
    changed: found.changed!,
    cells: new Map(others.map((column, i) => [column, found[`v${i}`]!])),
    samples: rows.map((row) => ({
      key: row.key,
      cells: row.cells.flatMap((pair, i) => (pair ? [{ column: others[i]!, before: pair[0], after: pair[1] }] : [])),
    })),
  }
}

/** The first rows of one side; with a key only those that the other side has no row for. */
async function sampleOf(
  duck: Duck,
  table: string,
  common: readonly string[],
  other: string | undefined,
  key: readonly string[] | null,
): Promise<(string | null)[][]> {
  const columns = common.slice(0, SHOWN_COLUMNS)
  if (columns.length === 0) return []
  const cells = columns.map((column) => `(${shownText(`g.${name(column)}`)})[:${SHOWN_CELL}]`)
  const only = other && key ? `WHERE NOT EXISTS (SELECT 1 FROM ${name(other)} AS n WHERE ${sameKey(key)})` : ''
  const order = (key ?? columns.slice(0, 1)).map((column) => `g.${name(column)}`).join(', ')
  const rows = await duck.rows<{ cells: (string | null)[] }>(
    `SELECT [${cells.join(', ')}] AS cells FROM ${name(table)} AS g ${only} ORDER BY ${order} LIMIT ${SHOWN}`,
  )
  return rows.map((row) => row.cells)
}
