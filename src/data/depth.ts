import type { ColumnDepth, ColumnFlag, ColumnProfile, ProfileDepth } from './contract.ts'
import type { Duck } from './duckdb.ts'
import { readFrameWith } from './frame.ts'
import { cellsOf } from './expectations/cells.ts'
import { personalData } from './personal.ts'
import type { Holds } from './read/raw-table.ts'
import { relationsOf } from './relations.ts'
import type { Sample } from './sample.ts'
import { countWhere, name, numberedParquet, parquet } from './sql.ts'

/** Rows that relations are looked for in, evenly spread; texts and personal data in fewer. */
const SAMPLED = 10_000
const LOOKED_AT = 1_000
const CELLS = 600_000
/** Rows up to which repeated ones are counted; of longer tables a slice by hash, which holds all repetitions of its rows. */
const COUNTED = 1_000_000
/** Tukey's outer fence, in interquartile ranges beyond the quartiles. */
const FENCE = 3
/** Columns that say the same as another from here on. */
const REDUNDANT = 0.98
const NEARLY_ALL = 0.995
const MOSTLY_MISSING = 0.95
const MOST_CATEGORIES = 100
const BATCH = 100

/**
 * What a profile tells beyond each column's shape: how columns hang together, which repeat another, outliers, repeated
 * rows, what texts are like, and what may be about people. Two scans and a sample.
 */
export async function depthOf(
  duck: Duck,
  path: string,
  sample: Sample,
  input: {
    rows: number
    columns: readonly ColumnProfile[]
    stored: ReadonlyMap<string, Holds>
    /** Some column is different in every row. */
    apart: boolean
  },
): Promise<ProfileDepth> {
  const { rows, columns, stored, apart } = input
  const shaped = columns.filter(
    (column) => column.numbers || (column.categories && column.distinct > 1 && column.distinct <= MOST_CATEGORIES),
  )
  const most = Math.min(SAMPLED, Math.ceil(CELLS / Math.max(1, shaped.length)))
  const every = Math.max(1, Math.ceil(sample.rows / most))
  const { frame } = await readFrameWith(duck, sample.path, {
    columns: shaped.map((column) => column.name),
    rows: { every },
  })
  // Set down once: what is left of a scan comes in pieces of a few rows, and each costs every expression its start.
  const few = Math.max(1, Math.ceil(sample.rows / Math.min(LOOKED_AT, Math.ceil(CELLS / Math.max(1, stored.size)))))
  await duck.run(
    `CREATE OR REPLACE TEMP TABLE looked_at AS SELECT * FROM ${numberedParquet(sample.path)} WHERE file_row_number % ${few} = 0`,
  )
  const depth = {
    sampled: frame.rows,
    relations: relationsOf(frame).slice(0, 500),
    repeated: apart ? { rows: 0, exact: true } : await repeatedRows(duck, path, stored, rows),
    personal: await personalData(duck, 'looked_at', stored),
    columns: {
      ...(await outliersOf(duck, path, columns)),
      ...(await textsOf(
        duck,
        'looked_at',
        columns.filter((column) => stored.get(column.name) === 'text' && column.missing < rows),
      )),
    },
  }
  await duck.run('DROP TABLE looked_at')
  return depth
}

/** Rows that are equal to an earlier one; estimated from a slice of the rows where there are many. */
async function repeatedRows(duck: Duck, path: string, stored: ReadonlyMap<string, Holds>, rows: number) {
  const slices = Math.max(1, Math.round(rows / COUNTED))
  const hash = `hash(${[...stored.keys()].map(name).join(', ')})`
  const found = await duck.row<{ repeated: number }>(
    `SELECT count(h) - count(DISTINCT h) AS repeated FROM (SELECT ${hash} AS h FROM ${parquet(path)}) WHERE h % ${slices} = 0`,
  )
  return { rows: Math.min(rows, found.repeated * slices), exact: slices === 1 }
}

async function outliersOf(
  duck: Duck,
  path: string,
  columns: readonly ColumnProfile[],
): Promise<Record<string, ColumnDepth>> {
  const depths: Record<string, ColumnDepth> = {}
  const known = columns.filter((column) => column.numbers && column.distinct > 2)
  const fenced = known.map((column) => ({ column, fences: fencesOf(column.numbers!.quantiles) }))
  for (const { column, fences } of fenced)
    depths[column.name] = { outliers: { rows: 0, below: fences[0], above: fences[1] } }
  // Most columns have nothing out there: their ends say so without a scan.
  const suspects = fenced.filter(({ column: { numbers: n }, fences }) => n!.min < fences[0] || n!.max > fences[1])
  for (let from = 0; from < suspects.length; from += BATCH) {
    const batch = suspects.slice(from, from + BATCH)
    const counts = batch.map(
      ({ column, fences: [low, high] }, i) =>
        `${countWhere(`${name(column.name)} NOT BETWEEN ${low} AND ${high}`)} AS v${i}`,
    )
    const found = await duck.row<Record<string, number>>(`SELECT ${counts.join(', ')} FROM ${parquet(path)}`)
    batch.forEach(({ column }, i) => {
      depths[column.name]!.outliers!.rows = found[`v${i}`]!
    })
  }
  return depths
}

async function textsOf(
  duck: Duck,
  sample: string,
  texts: readonly ColumnProfile[],
): Promise<Record<string, ColumnDepth>> {
  const depths: Record<string, ColumnDepth> = {}
  for (let from = 0; from < texts.length; from += BATCH) {
    const batch = texts.slice(from, from + BATCH)
    const cells = cellsOf(
      batch.map((column) => [column.name, 'text']),
      sample,
    )
    const found = await duck.rows<{ i: number; facts: NonNullable<ColumnDepth['text']> }>(
      `SELECT i, ${textFacts('value')} AS facts FROM ${cells} GROUP BY i ORDER BY i`,
    )
    batch.forEach((column, i) => {
      // A sample may hold no value of a column that is nearly always missing.
      if (found[i]!.facts.mean !== null) depths[column.name] = { text: found[i]!.facts }
    })
  }
  return depths
}

/** A column of which most values are the same has no spread to measure by; then nothing is far out. */
function fencesOf({ p25, p75, p01, p99 }: NonNullable<ColumnProfile['numbers']>['quantiles']): [number, number] {
  const spread = p75 > p25 ? p75 - p25 : p99 - p01
  return [p25 - FENCE * spread, p75 + FENCE * spread].map((one) =>
    Number.isFinite(one) ? one : Math.sign(one) * Number.MAX_VALUE,
  ) as [number, number]
}

/** Scripts that a text may be written in, by RE2's classes. */
const SCRIPTS = ['Latin', 'Cyrillic', 'Greek', 'Han', 'Hiragana', 'Arabic', 'Hebrew', 'Hangul', 'Devanagari'] as const

function textFacts(cell: string): string {
  const share = (condition: string) => `coalesce(avg((${condition})::INTEGER), 0)`
  const scripts = SCRIPTS.map((script) => `'${script}': ${share(`regexp_matches(${cell}, '\\p{${script}}')`)}`)
  return `{shortest: min(length(${cell})), longest: max(length(${cell})), mean: avg(length(${cell})),
    words: avg(len(string_split(${cell}, ' '))), ascii: ${share(`strlen(${cell}) = length(${cell})`)},
    digits: ${share(`regexp_full_match(${cell}, '[0-9]+')`)}, scripts: {${scripts.join(', ')}}}`
}

/** What a look at relations and spreads adds to the flags of each column. */
export function deeperFlags(
  column: ColumnProfile,
  rows: number,
  depth: Pick<ProfileDepth, 'relations' | 'personal'>,
  before: { constant?: boolean | undefined } | undefined,
): ColumnFlag[] {
  const flags: ColumnFlag[] = []
  const constant = column.flags.includes('constant') || column.flags.includes('empty')
  if (constant && before?.constant === false) flags.push('became_constant')
  if (!constant && column.missing >= MOSTLY_MISSING * rows) flags.push('mostly_missing')
  const present = rows - column.missing
  const top = Math.max(0, ...(column.categories?.top ?? []).map((one) => one.count))
  if (!constant && column.categories && column.distinct > 1 && top >= NEARLY_ALL * present)
    flags.push('nearly_constant')
  // The later of two columns that say the same is the one too many.
  const twin = depth.relations.find((one) => one.b === column.name && Math.abs(one.value) >= REDUNDANT)
  if (twin && column.type !== 'identifier') flags.push('redundant')
  if (depth.personal.some((one) => one.column === column.name)) flags.push('personal')
  return flags
}
