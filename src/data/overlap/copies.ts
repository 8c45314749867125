import type { Duck } from '../duckdb.ts'
import { name, numberedParquet, parquet } from '../sql.ts'
import { agreementsOf, likeByChance } from './chance.ts'
import { type Crossing, crossingOf, type Match, type Parted } from './match.ts'
import { RowKeys } from './row-keys.ts'

/** Columns that nearly equal rows are compared by: each is a term of every statement. */
const COMPARED = 100
/** Rows are equal up to one of so many groups of columns, or nearly so. */
const BLOCKS = 4
/** Cells in which nearly equal rows may differ. */
const MAY_DIFFER = 0.1
/** Fewer rows that are nearly like another than so many times what chance would bring are chance. */
const BEYOND_CHANCE = 10
/** Numbers that are this close, in spans from the 5th to the 95th percentile, count as the same. */
const SAME_NUMBER = 1 / 200

/** Rows that are looked at and are the same as one of an earlier part, in every feature or in nearly every one. */
export async function copiesIn(
  duck: Duck,
  path: string,
  features: readonly string[],
  table: Parted,
  parts: Uint8Array,
  looked: Int32Array,
): Promise<Crossing[]> {
  const step = Math.max(1, Math.ceil(features.length / COMPARED))
  const cells = features.filter((_, i) => i % step === 0).map((column) => roughly(column, table))
  // With fewer columns, rows that differ in one of them have little else in common.
  const blocks = cells.length <= BLOCKS ? 0 : BLOCKS
  const hashes = [
    hashOf(features.map(name)),
    ...Array.from({ length: blocks }, (_, block) => hashOf(cells.filter((_, i) => i % BLOCKS === block))),
  ]
  const matches = await rowsAlike(duck, path, hashes, parts, looked)
  const exact = matches[0]!
  const known = new Set(exact.map(({ number }) => number))
  const suspects = matches.slice(1).flatMap((found) => found.filter(({ number }) => !known.has(number)))
  const near = await beyondChance(duck, path, cells, table, await alike(duck, path, cells, suspects), looked.length)
  const lookedIn = (part: number) => looked.reduce((sum, row) => sum + Number(parts[row] === part), 0)
  const of = [0, lookedIn(1), lookedIn(2)]
  return [...crossingsOf(exact, 'exact', of), ...crossingsOf(near, 'near', of)]
}

/** Nothing where rows of few different cells are nearly like one of so many others without being copies. */
async function beyondChance(
  duck: Duck,
  path: string,
  cells: readonly string[],
  { rows, profile }: Parted,
  near: Match[],
  looked: number,
): Promise<Match[]> {
  if (near.length === 0) return near
  const agreements = await agreementsOf(duck, path, cells, profile.rows)
  const expected = likeByChance(agreements, mayDiffer(cells), rows.train.length + rows.validation.length)
  return near.length > BEYOND_CHANCE * expected * looked ? near : []
}

const mayDiffer = (cells: readonly string[]) => Math.max(1, Math.floor(MAY_DIFFER * cells.length))
const hashOf = (cells: readonly string[]) => `hash(${cells.join(', ')})`

/**
 * For the first hash, and for all of the others but each one in turn: rows that are looked at and share them with a row of
 * an earlier part. Nothing where hashes hardly tell rows apart.
 */
async function rowsAlike(
  duck: Duck,
  path: string,
  hashes: readonly string[],
  parts: Uint8Array,
  looked: Int32Array,
): Promise<Match[][]> {
  const kinds = hashes.length
  const keys = Array.from({ length: kinds }, () => new Uint32Array(2 * looked.length))
  let at = 0
  await duck.run('CREATE OR REPLACE TEMP TABLE looked (number INTEGER)')
  await duck.append('looked', [looked])
  const some = `${numberedParquet(path)} WHERE file_row_number IN (SELECT number FROM looked)`
  for await (const found of keysIn(duck, hashes, `${some} ORDER BY file_row_number`)) {
    for (const [kind, key] of found.keys.entries()) keys[kind]!.set(key, 2 * at)
    at += found.rows
  }
  await duck.run('DROP TABLE looked')
  const tables = keys.map((of) => new RowKeys(of, 2))
  let row = 0
  for await (const { rows, keys: found } of keysIn(duck, hashes, parquet(path))) {
    for (let i = 0; i < rows; i++, row++) {
      const part = parts[row]!
      // Rows of validation that are not looked at take up time and tell no more.
      if (part < 2)
        for (let kind = 0; kind < kinds; kind++)
          tables[kind]!.pass(found[kind]![2 * i]!, found[kind]![2 * i + 1]!, part, row)
    }
  }
  return tables.map((of, kind) => {
    if (of.coarse) return []
    return [...looked].flatMap((number, i) => {
      const part = parts[number]!
      const first = of.firstBefore(keys[kind]![2 * i]!, keys[kind]![2 * i + 1]!, part)
      return first ? [{ number, part, earlier: first.part, other: first.row, value: null }] : []
    })
  })
}

/** The keys of rows in their order, low and high half in turn: the first hash, then the others without one of them each. */
async function* keysIn(duck: Duck, hashes: readonly string[], from: string) {
  for await (const chunk of duck.chunks(`SELECT ${hashes.join(', ')} FROM ${from}`)) {
    const columns = hashes.map((_, i) => {
      const { items } = chunk.getColumnVector(i) as unknown as { items: BigUint64Array }
      return new Uint32Array(items.buffer, items.byteOffset, 2 * chunk.rowCount)
    })
    const [whole, ...blocks] = columns
    const all = new Uint32Array(2 * chunk.rowCount)
    for (const block of blocks) for (let i = 0; i < all.length; i++) all[i]! ^= block[i]!
    for (const block of blocks) for (let i = 0; i < all.length; i++) block[i]! ^= all[i]!
    yield { rows: chunk.rowCount, keys: [whole!, ...blocks] }
  }
}

/** The matches whose rows differ in few cells: one for each row. */
async function alike(duck: Duck, path: string, cells: readonly string[], matches: readonly Match[]): Promise<Match[]> {
  if (matches.length === 0) return []
  await duck.run('CREATE OR REPLACE TEMP TABLE pairs (one INTEGER, other INTEGER)')
  await duck.append('pairs', [
    Int32Array.from(matches, ({ number }) => number),
    Int32Array.from(matches, ({ other }) => other),
  ])
  await duck.run(`CREATE OR REPLACE TEMP TABLE compared AS
    SELECT file_row_number AS number, [${cells.map((cell) => `${cell}::VARCHAR`).join(', ')}] AS cells
    FROM ${numberedParquet(path)} WHERE file_row_number IN (SELECT one FROM pairs UNION SELECT other FROM pairs)`)
  const near = await duck.rows<{ one: number; other: number }>(`SELECT one, min(other) AS other FROM pairs
    JOIN compared a ON a.number = pairs.one JOIN compared b ON b.number = pairs.other
    WHERE len(list_filter(list_zip(a.cells, b.cells), lambda pair: pair[1] IS DISTINCT FROM pair[2])) <= ${mayDiffer(cells)}
    GROUP BY one`)
  await duck.run('DROP TABLE compared')
  await duck.run('DROP TABLE pairs')
  const kept = new Map(near.map(({ one, other }) => [one, other]))
  const found = new Map(matches.filter((one) => kept.get(one.number) === one.other).map((one) => [one.number, one]))
  return [...found.values()].sort((a, b) => a.number - b.number)
}

/** A cell such that a value that was rounded, or written in another way, is the same. */
function roughly(column: string, { profile, stored }: Parted): string {
  const cell = name(column)
  if (stored.get(column) === 'text') return `lower(replace(${cell}, ' ', ''))`
  const spread = profile.columns.find((one) => one.name === column)?.numbers?.quantiles
  const width = spread ? (spread.p95 - spread.p05) * SAME_NUMBER : 0
  return width > 0 && Number.isFinite(width) ? `round(${cell} / ${width})` : cell
}

function crossingsOf(matches: readonly Match[], kind: Crossing['kind'], looked: readonly number[]): Crossing[] {
  return [...Map.groupBy(matches, ({ part, earlier }) => `${earlier} ${part}`).values()].map((of) => ({
    ...crossingOf(of, kind, null),
    rows: of.length,
    share: of.length / looked[of[0]!.part]!,
  }))
}
