import type { Duck } from './duckdb.ts'
import { type FooterFacts, footerFacts } from './footer-facts.ts'
import { inBatches } from './in-batches.ts'
import type { Holds } from './read/raw-table.ts'
import { name, numberedParquet, parquet } from './sql.ts'

/** Columns that are computed in one statement: planning time grows with the square of its length. */
const BATCH = 100
/** Rows whose texts are told apart exactly: a table of all values of a long table would not fit. */
const COUNTED = 1_000_000
/** Whole numbers that count the rows are told apart by a bit each, up to DuckDB's longest string of bits. */
const MOST_BITS = 1_000_000_000

/** What a schema needs to know of a column. */
export interface ColumnFacts {
  name: string
  stored: Holds
  present: number
  /** Of numbers; of times in ms since 1970. */
  min: number | null
  max: number | null
  /** Of numbers: all that are there are whole. */
  integer: boolean
  /** Different values: none, one, or counted where they may be nearly as many as rows; `null` for anything in between. */
  different: number | null
  /** All of them were counted, and not some to say how many there will be. */
  exact: boolean
}

/** Whether each row has a value of its own there, so that no two rows can be the same. */
export function tellsRowsApart({ present, different, exact }: ColumnFacts, rows: number): boolean {
  return exact && present === rows && different === rows
}

/**
 * Facts of all columns of a stored table. What the file's footer proves is not scanned for, which settles most columns: a
 * least or greatest value with a fraction says that not all are whole, small dictionaries that a text repeats itself.
 *
 * @param path a file that `writeParquet` wrote; where the footer of another says less, more is scanned
 */
export async function columnFacts(
  duck: Duck,
  path: string,
  stored: ReadonlyMap<string, Holds>,
): Promise<ColumnFacts[]> {
  const footer = await footerFacts(duck, path)
  const columns = [...stored].map(([column, holds], i): Column => ({ column, holds, footer: footer.get(i) ?? NOTHING }))
  const open = columns.filter((column) => questions(column) !== null)
  const answers = new Map(
    await inBatches(open, BATCH, async (batch) => {
      const sql = batch.map((column, i) => `${questions(column)} AS v${i}`)
      const found = await duck.row<Record<string, Answers>>(`SELECT ${sql.join(', ')} FROM ${parquet(path)}`)
      return batch.map((column, i): [Column, Answers] => [column, found[`v${i}`]!])
    }),
  )
  const facts = columns.map((column) => factsOf(column, answers.get(column)))
  await tellNumbersApart(duck, path, facts)
  const texts = facts.flatMap((known, i) => {
    const estimate = answers.get(columns[i]!)?.estimate
    return estimate === undefined || known.present === 0 ? [] : [{ known, estimate }]
  })
  await findConstants(
    duck,
    path,
    texts.filter(({ estimate }) => estimate === 1).map(({ known }) => known),
  )
  for (const { known, estimate } of texts)
    if (known.different === null && estimate > known.present / 2) await countTexts(duck, path, known)
  return facts
}

interface Column {
  column: string
  holds: Holds
  footer: FooterFacts
}

const NOTHING: FooterFacts = {
  present: null,
  bounded: false,
  min: null,
  max: null,
  alike: false,
  fraction: false,
  fewest: null,
  most: null,
}

/** What a scan tells of a column; a field is there when it was asked for. */
interface Answers {
  present?: number
  min?: number | null
  max?: number | null
  alike?: boolean
  whole?: boolean
  /** Of the different values, by DuckDB's HyperLogLog; two values may pass for one there. */
  estimate?: number
}

/** What the footer leaves open of a column, as SQL; `null` when it leaves nothing. */
function questions({ column, holds, footer }: Column): string | null {
  if (footer.present === 0) return null
  const value = name(column)
  const present = `present: count(${value})`
  if (holds === 'text') return mayName(footer) ? `{${present}, estimate: approx_count_distinct(${value})}` : null
  const known = footer.present !== null && footer.bounded
  const end = (of: string) => (holds === 'time' ? `epoch_ms(${of})::DOUBLE` : of)
  const ends = `min: ${end(`min(${value})`)}, max: ${end(`max(${value})`)}, alike: coalesce(min(${value}) = max(${value}), false)`
  const parts = [
    ...(known ? [] : [present, ends]),
    ...(holds === 'number' && !footer.fraction ? [`whole: coalesce(bool_and(${value} = floor(${value})), false)`] : []),
  ]
  return parts.length > 0 ? `{${parts.join(', ')}}` : null
}

/** Whether a column of text could have nearly as many different values as rows, or a single one. */
function mayName({ present, fewest, most }: FooterFacts): boolean {
  return present === null || fewest === null || most === null || fewest < 2 || most > present / 2
}

function factsOf({ column, holds, footer }: Column, answers: Answers = {}): ColumnFacts {
  const present = answers.present ?? footer.present ?? 0
  const { min, max, alike } = answers.alike === undefined ? footer : answers
  return {
    name: column,
    stored: holds,
    present,
    min: min ?? null,
    max: max ?? null,
    integer: present > 0 && answers.whole === true,
    different: present === 0 ? 0 : alike ? 1 : null,
    exact: true,
  }
}

/** Whole numbers whose range is as long as the column are told apart by a bit each: they may count the rows. */
async function tellNumbersApart(duck: Duck, path: string, facts: readonly ColumnFacts[]): Promise<void> {
  const counting = facts.filter(
    ({ different, integer, min, max, present }) =>
      different === null && integer && max! - min! + 1 === present && present <= MOST_BITS,
  )
  for (const column of counting) {
    const bit = `(${name(column.name)} - ${column.min}::DOUBLE)::BIGINT`
    const { different } = await duck.row<{ different: number }>(
      `SELECT bit_count(bitstring_agg(${bit}, 0::BIGINT, ${column.present - 1}::BIGINT)) AS different FROM ${parquet(path)}`,
    )
    column.different = different
  }
}

/** Texts that are the same wherever there is one. */
async function findConstants(duck: Duck, path: string, suspects: readonly ColumnFacts[]): Promise<void> {
  await inBatches(suspects, BATCH, async (batch) => {
    const alike = batch.map(({ name: column }, i) => `min(${name(column)}) = max(${name(column)}) AS v${i}`)
    const found = await duck.row<Record<string, boolean>>(`SELECT ${alike.join(', ')} FROM ${parquet(path)}`)
    for (const [i, column] of batch.entries()) if (found[`v${i}`]) column.different = 1
    return []
  })
}

/** Different texts among the first million rows, and as many more as the rest would bring if it were like them. */
async function countTexts(duck: Duck, path: string, column: ColumnFacts): Promise<void> {
  const value = name(column.name)
  const found = await duck.row<{ different: number; seen: number }>(
    `SELECT count(DISTINCT ${value}) AS different, count(${value}) AS seen FROM ${numberedParquet(path)} WHERE file_row_number < ${COUNTED}`,
  )
  column.different = found.seen === 0 ? 0 : Math.round((found.different / found.seen) * column.present)
  column.exact = found.seen === column.present
}
