import { rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { DatasetSpec, DataWarning, Profile, SplitDescriptor, SplitOverlap } from './contract.ts'
import type { Duck } from './duckdb.ts'
import { asText } from './expectations/cells.ts'
import type { Holds } from './read/raw-table.ts'
import { featureColumns } from './schema.ts'
import type { SplitRows } from './split.ts'
import { name, numberedParquet, text } from './sql.ts'

/** Rows of validation and test that copies are looked for of, evenly spread. */
const LOOKED_AT = 20_000
/** Columns that nearly equal rows are compared by: each is a term of every statement. */
const COMPARED = 100
/** Rows are equal up to one of so many groups of columns, or nearly so. */
const BLOCKS = 4
/** Cells in which nearly equal rows may differ. */
const MAY_DIFFER = 0.1
/** Numbers that are this close, in spans from the 5th to the 95th percentile, count as the same. */
const SAME_NUMBER = 1 / 200
const EXAMPLES = 3
/** An ignored column that is called like this tells whose row it is. */
const KEY_NAME = /(^|[_\s-])(id|key|uuid|no|number)$|[a-z](Id|ID|Key|No)$/

type Crossing = SplitOverlap['crossings'][number]
const PARTS = ['train', 'validation', 'test'] as const

interface Table {
  rows: SplitRows
  profile: Pick<Profile, 'rows' | 'columns'>
  spec: Pick<DatasetSpec, 'label' | 'id' | 'ignore'>
  stored: ReadonlyMap<string, Holds>
  split: Pick<SplitDescriptor, 'column'>
}

/**
 * What the parts of a split have in common: rows of validation and test that an earlier part has too, in every feature or
 * in nearly every one, and keys that are in more than one part.
 *
 * Nearly equal rows are found by pigeonhole: columns are dealt into four blocks, and rows that agree on three of them
 * meet in a hash table (as in Manku, Jain & Das Sarma, Detecting near-duplicates for web crawling, 2007). It costs a scan
 * per block and a table of the rows that are looked at, however long the table is. A block without which rows hardly differ is
 * left out: there, rows are alike by chance.
 */
export async function findOverlap(duck: Duck, path: string, table: Table): Promise<SplitOverlap> {
  const { rows, profile, spec } = table
  const later = rows.validation.length + rows.test.length
  const every = Math.max(1, Math.ceil(later / LOOKED_AT))
  const parts = join(dirname(path), 'parts.csv')
  await writeFile(parts, partsFile(rows, profile.rows, every))
  try {
    // Columns of the table may be called anything, `part` too. 0 to 2: the part; 3: in none; 4 and 5: validation and test, not looked at.
    await duck.run(`CREATE OR REPLACE TEMP TABLE parted AS SELECT row_number() OVER () - 1 AS __orrery_number, __orrery_part FROM
      read_csv(${text(parts)}, auto_detect = false, header = false, columns = {'__orrery_part': 'TINYINT'})`)
    const features = featureColumns({ columns: profile.columns }, spec)
    const crossings = features.length === 0 ? [] : await copies(duck, path, features, table)
    for (const column of keysOf(table)) crossings.push(...(await keysThatCross(duck, path, column, table)))
    return { looked: Math.ceil(later / every), exact: every === 1, crossings }
  } finally {
    await duck.run('DROP TABLE IF EXISTS parted')
    await rm(parts, { force: true })
  }
}

function partsFile(rows: SplitRows, count: number, every: number): Buffer {
  const file = Buffer.alloc(2 * count, '3\n')
  let seen = 0
  for (const [part, named] of PARTS.entries())
    for (const row of rows[named]) file[2 * row] = 48 + part + (part > 0 && seen++ % every !== 0 ? 3 : 0)
  return file
}

async function copies(duck: Duck, path: string, features: readonly string[], table: Table): Promise<Crossing[]> {
  const exact = await crossing(duck, path, hashOf(features.map(name)), 'exact')
  const step = Math.max(1, Math.ceil(features.length / COMPARED))
  const compared = features.filter((_, i) => i % step === 0)
  const cells = compared.map((column) => roughly(column, table))
  // With fewer columns, rows that differ in one of them have little else in common.
  if (cells.length <= BLOCKS) return exact.crossings
  const found = new Map<number, Match>()
  for (let block = 0; block < BLOCKS; block++) {
    const key = hashOf(cells.filter((_, i) => i % BLOCKS !== block))
    const { matches } = await crossing(duck, path, key, 'near', cells)
    for (const match of matches) if (!exact.numbers.has(match.number)) found.set(match.number, match)
  }
  return [...exact.crossings, ...crossingsOf([...found.values()], 'near', null, await lookedAt(duck))]
}

const hashOf = (cells: readonly string[]) => `hash(${cells.join(', ')})`

interface Match {
  number: number
  part: number
  earlier: number
  other: number
  value: string | null
}

/** Rows that are looked at and share a key with one of an earlier part; nothing where keys hardly tell rows apart. */
async function crossing(duck: Duck, path: string, key: string, kind: 'exact' | 'near', cells?: readonly string[]) {
  const keyed = `SELECT __orrery_number AS number, __orrery_part AS part, ${key} AS h
    FROM ${numberedParquet(path)} AS t JOIN parted ON t.file_row_number = __orrery_number`
  await duck.run(`CREATE OR REPLACE TEMP TABLE keyed AS SELECT * FROM (${keyed}) WHERE part <= 2`)
  const { coarse } = await duck.row<{ coarse: boolean }>(
    'SELECT approx_count_distinct(h) < count(*) / 2 AS coarse FROM keyed WHERE part = 0',
  )
  const nothing = { crossings: [], matches: [], numbers: new Set<number>() }
  if (coarse) return nothing
  const matches = await duck.rows<Match>(`WITH
    looked AS (SELECT number, part, h FROM keyed WHERE part > 0),
    earlier AS (SELECT h, part, min(number) AS number FROM keyed WHERE part < 2 AND h IN (SELECT h FROM looked) GROUP BY h, part)
    SELECT l.number, l.part, min(e.part) AS earlier, arg_min(e.number, e.part) AS other, NULL AS value
    FROM looked l JOIN earlier e ON e.h = l.h AND e.part < l.part GROUP BY l.number, l.part ORDER BY l.number`)
  await duck.run('DROP TABLE keyed')
  const kept = cells ? await alike(duck, path, cells, matches) : matches
  const crossings = crossingsOf(kept, kind, null, await lookedAt(duck))
  return { crossings, matches: kept, numbers: new Set(kept.map((one) => one.number)) }
}

/** The matches whose rows differ in few cells. */
async function alike(duck: Duck, path: string, cells: readonly string[], matches: readonly Match[]): Promise<Match[]> {
  if (matches.length === 0) return []
  const numbers = [...new Set(matches.flatMap(({ number, other }) => [number, other]))]
  await duck.run(`CREATE OR REPLACE TEMP TABLE compared AS
    SELECT file_row_number AS number, [${cells.map((cell) => `${cell}::VARCHAR`).join(', ')}] AS cells
    FROM ${numberedParquet(path)} WHERE file_row_number IN (SELECT unnest([${numbers.join(', ')}]))`)
  const most = Math.max(1, Math.floor(MAY_DIFFER * cells.length))
  const pairs = matches.map(({ number, other }) => `(${number}, ${other})`).join(', ')
  const near = await duck.rows<{ number: number }>(`SELECT a.number FROM (VALUES ${pairs}) AS p(one, other)
    JOIN compared a ON a.number = p.one JOIN compared b ON b.number = p.other
    WHERE len(list_filter(list_zip(a.cells, b.cells), lambda pair: pair[1] IS DISTINCT FROM pair[2])) <= ${most}`)
  await duck.run('DROP TABLE compared')
  const kept = new Set(near.map((one) => one.number))
  return matches.filter((one) => kept.has(one.number))
}

/** A cell such that a value that was rounded, or written in another way, is the same. */
function roughly(column: string, { profile, stored }: Table): string {
  const cell = name(column)
  if (stored.get(column) === 'text') return `lower(replace(${cell}, ' ', ''))`
  const spread = profile.columns.find((one) => one.name === column)?.numbers?.quantiles
  const width = spread ? (spread.p95 - spread.p05) * SAME_NUMBER : 0
  return width > 0 && Number.isFinite(width) ? `round(${cell} / ${width})` : cell
}

function keysOf({ profile, spec, split }: Table): string[] {
  const named = profile.columns.filter(
    (column) => spec.ignore?.includes(column.name) && column.type !== 'timestamp' && KEY_NAME.test(column.name),
  )
  const keys = [...(spec.id === undefined ? [] : [spec.id]), ...named.map((column) => column.name)]
  return [...new Set(keys)].filter((column) => column !== split.column)
}

async function keysThatCross(duck: Duck, path: string, column: string, { stored }: Table): Promise<Crossing[]> {
  const value = asText(name(column), stored.get(column)!)
  const keyed = `SELECT __orrery_number AS number, __orrery_part % 3 AS part, ${value} AS value FROM ${numberedParquet(path)} AS t
    JOIN parted ON t.file_row_number = __orrery_number WHERE __orrery_part <> 3 AND ${name(column)} IS NOT NULL`
  const found = await duck.rows<Match & { rows: number; of: number }>(`WITH keyed AS MATERIALIZED (${keyed}),
    firsts AS (SELECT value, part, min(number) AS number FROM keyed GROUP BY value, part),
    crossed AS (SELECT k.number, k.part, k.value, min(f.part) AS earlier, arg_min(f.number, f.part) AS other
      FROM keyed k JOIN firsts f ON f.value = k.value AND f.part < k.part GROUP BY ALL)
    SELECT *, count(*) OVER pair AS rows, (SELECT count(*) FROM keyed WHERE keyed.part = crossed.part) AS of
    FROM crossed WINDOW pair AS (PARTITION BY part, earlier)
    QUALIFY row_number() OVER (PARTITION BY part, earlier ORDER BY number) <= ${EXAMPLES} ORDER BY number`)
  return [...Map.groupBy(found, ({ part, earlier }) => `${earlier} ${part}`).values()].map((matches) => {
    const { rows, of } = matches[0]!
    return { ...crossingOf(matches, 'key', column), rows, share: rows / of }
  })
}

/** Rows of each part that are looked at. */
async function lookedAt(duck: Duck): Promise<ReadonlyMap<number, number>> {
  const rows = await duck.rows<{ part: number; rows: number }>(
    'SELECT __orrery_part AS part, count(*) AS rows FROM parted WHERE __orrery_part BETWEEN 1 AND 2 GROUP BY 1',
  )
  return new Map(rows.map((one) => [one.part, one.rows]))
}

function crossingsOf(
  matches: readonly Match[],
  kind: Crossing['kind'],
  column: string | null,
  looked: ReadonlyMap<number, number>,
): Crossing[] {
  return [...Map.groupBy(matches, ({ part, earlier }) => `${earlier} ${part}`).values()].map((of) => ({
    ...crossingOf(of, kind, column),
    rows: of.length,
    share: of.length / looked.get(of[0]!.part)!,
  }))
}

function crossingOf(matches: readonly Match[], kind: Crossing['kind'], column: string | null) {
  const { part, earlier } = matches[0]!
  return {
    kind,
    from: PARTS[earlier] as Crossing['from'],
    to: PARTS[part] as Crossing['to'],
    column,
    examples: matches
      .slice(0, EXAMPLES)
      .map(({ number, other, value }) => ({ row: number + 1, like: other + 1, value })),
  }
}

const WORDS = {
  exact: { code: 'ORRERY_DATA_SPLIT_DUPLICATES', what: 'are the same in every feature as one of' },
  near: { code: 'ORRERY_DATA_SPLIT_NEAR_DUPLICATES', what: 'differ in hardly a cell from one of' },
}

/**
 * What of it a person has to know. A key that is met again later in time is how a panel is, and no fault of a split by time.
 */
export function overlapWarnings(split: SplitDescriptor | null): DataWarning[] {
  const { overlap, by } = split ?? {}
  return (overlap?.crossings ?? []).flatMap((one): DataWarning[] => {
    const { kind, from, to, column, rows, share, examples } = one
    const many = `${rows.toLocaleString('en-US')} rows of ${to} (${percent(share)}${overlap!.exact || kind === 'key' ? '' : ' of those looked at'})`
    const such = examples.map(({ row, like, value }) => `${row} and ${like}${value === null ? '' : ` ("${value}")`}`)
    const rowsSuch = `rows ${such.join('; ')}`
    if (kind === 'key') {
      if (by === 'time') return []
      return [
        {
          code: 'ORRERY_DATA_SPLIT_KEYS_CROSS',
          message: `${many} have a "${column}" that ${from} has too, such as ${rowsSuch}.`,
          hint: `A model that knows them from ${from} looks better than it is: split \`by: group\` with \`column: ${column}\`.`,
        },
      ]
    }
    const { code, what } = WORDS[kind]
    return [
      {
        code,
        message: `${many} ${what} ${from}, such as ${rowsSuch}.`,
        hint:
          by === 'group' || by === 'hash'
            ? 'Ask where copies come from, and drop them at the source: they are judged as if they were new.'
            : 'Drop copies at the source, or split `by: group` with the column they share: they are judged as if they were new.',
      },
    ]
  })
}

const percent = (share: number) => `${Number((share * 100).toPrecision(2))} %`
