import type { SplitOverlap } from '../contract.ts'
import type { Duck } from '../duckdb.ts'
import { featureColumns } from '../schema.ts'
import type { SplitRows } from '../split.ts'
import { copiesIn } from './copies.ts'
import { keysOf, keysThatCross } from './keys.ts'
import { NO_PART, PARTS, type Parted } from './match.ts'

/** Rows of validation and test that copies are looked for of, evenly spread. */
const LOOKED_AT = 20_000

/**
 * What the parts of a split have in common: rows of validation and test that an earlier part has too, in every feature or
 * in nearly every one, and keys that are in more than one part.
 *
 * Nearly equal rows are found by pigeonhole: columns are dealt into four blocks, and rows that agree on three of them
 * meet in a hash table (as in Manku, Jain & Das Sarma, Detecting near-duplicates for web crawling, 2007). It costs two scans
 * and a table of the rows that are looked at, however long the table is. A block without which rows hardly differ is
 * left out: there, rows are alike by chance.
 */
export async function findOverlap(duck: Duck, path: string, table: Parted): Promise<SplitOverlap> {
  const { rows, profile, spec } = table
  const later = rows.validation.length + rows.test.length
  const every = Math.max(1, Math.ceil(later / LOOKED_AT))
  const parts = partsOf(rows, profile.rows)
  const looked = lookedAt(parts, every)
  const features = featureColumns({ columns: profile.columns }, spec)
  const crossings = features.length === 0 ? [] : await copiesIn(duck, path, features, table, parts, looked)
  for (const column of keysOf(table)) crossings.push(...(await keysThatCross(duck, path, column, table, parts)))
  return { looked: looked.length, exact: every === 1, crossings }
}

/** Per row the part it is in. */
function partsOf(rows: SplitRows, count: number): Uint8Array {
  const parts = new Uint8Array(count).fill(NO_PART)
  for (const [part, named] of PARTS.entries()) for (const row of rows[named]) parts[row] = part
  return parts
}

/** Rows of validation and test, evenly spread, in their order. */
function lookedAt(parts: Uint8Array, every: number): Int32Array {
  const looked: number[] = []
  let seen = 0
  for (let row = 0; row < parts.length; row++)
    if ((parts[row] === 1 || parts[row] === 2) && seen++ % every === 0) looked.push(row)
  return Int32Array.from(looked)
}
