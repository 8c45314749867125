import type { Duck } from '../duckdb.ts'
import { asText } from '../expectations/cells.ts'
import { name, numberedParquet, parquet } from '../sql.ts'
import { type Crossing, crossingOf, EXAMPLES, type Match, NO_PART, type Parted } from './match.ts'

/** An ignored column that is called like this tells whose row it is. */
const KEY_NAME = /(^|[_\s-])(id|key|uuid|no|number)$|[a-z](Id|ID|Key|No)$/

/** Columns that tell whose row it is, but the one that parts the rows. */
export function keysOf({ profile, spec, split }: Parted): string[] {
  const named = profile.columns.filter(
    (column) => spec.ignore?.includes(column.name) && column.type !== 'timestamp' && KEY_NAME.test(column.name),
  )
  const keys = [...(spec.id === undefined ? [] : [spec.id]), ...named.map((column) => column.name)]
  return [...new Set(keys)].filter((column) => column !== split.column)
}

/** Rows whose key an earlier part has too, counted in whole. */
export async function keysThatCross(
  duck: Duck,
  path: string,
  column: string,
  { stored }: Parted,
  parts: Uint8Array,
): Promise<Crossing[]> {
  await duck.run('CREATE OR REPLACE TEMP TABLE parted (part INTEGER)')
  await duck.append('parted', [new Int32Array(parts)])
  const keyed = `SELECT (row_number() OVER ())::INTEGER - 1 AS number, part, value FROM
    (SELECT ${name(column)} AS value FROM ${parquet(path)}) POSITIONAL JOIN parted`
  // Nearly always no key is in two parts: what is not in a later one is not counted.
  const found = await duck.rows<Omit<Match, 'value'> & { rows: number; of: number }>(`WITH
    keyed AS MATERIALIZED (SELECT number, part, hash(value) AS key FROM (${keyed}) WHERE part <> ${NO_PART} AND value IS NOT NULL),
    later AS (SELECT * FROM keyed WHERE part > 0),
    firsts AS (SELECT key, part, min(number) AS number FROM keyed WHERE part < 2 AND key IN (SELECT key FROM later) GROUP BY ALL),
    crossed AS (SELECT l.number, l.part, min(f.part) AS earlier, arg_min(f.number, f.part) AS other
      FROM later l JOIN firsts f ON f.key = l.key AND f.part < l.part GROUP BY ALL)
    SELECT *, count(*) OVER pair AS rows, (SELECT count(*) FROM keyed WHERE keyed.part = crossed.part) AS of
    FROM crossed WINDOW pair AS (PARTITION BY part, earlier)
    QUALIFY row_number() OVER (PARTITION BY part, earlier ORDER BY number) <= ${EXAMPLES} ORDER BY number`)
  await duck.run('DROP TABLE parted')
  const values = await valuesAt(duck, path, asText(name(column), stored.get(column)!), found)
  return [...Map.groupBy(found, ({ part, earlier }) => `${earlier} ${part}`).values()].map((matches) => {
    const { rows, of } = matches[0]!
    const told = matches.map((one) => ({ ...one, value: values.get(one.number) ?? null }))
    return { ...crossingOf(told, 'key', column), rows, share: rows / of }
  })
}

async function valuesAt(duck: Duck, path: string, value: string, rows: readonly { number: number }[]) {
  if (rows.length === 0) return new Map<number, string>()
  const found = await duck.rows<{ number: number; value: string }>(
    `SELECT file_row_number AS number, ${value} AS value FROM ${numberedParquet(path)}
     WHERE file_row_number IN (${rows.map(({ number }) => number).join(', ')})`,
  )
  return new Map(found.map((one) => [one.number, one.value]))
}
