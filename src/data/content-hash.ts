import { createHash, type Hash } from 'node:crypto'
import { type Dictionary, dictionariesOf } from './dictionary.ts'
import type { Duck } from './duckdb.ts'
import type { Holds } from './read/raw-table.ts'
import { name, numberedParquet, parquet } from './sql.ts'

/** Text columns with more different values are hashed value by value. Part of the hash: never change it. */
const MOST_IN_DICTIONARY = 65_536
/** Rows whose texts DuckDB joins at a time: whole groups of them, so that none is read twice. */
const JOINED_ROWS = 122_880
/** Bytes that are joined at most; longer texts come one by one. */
const JOINED_BYTES = 32e6

/**
 * What a table's content hashes to: its columns' names and stored types, and their values in the order of the rows.
 * It does not depend on the file the rows came from, nor on how Parquet was written, so it outlives both.
 *
 * Each column has a sha256 of its own: numbers as little-endian doubles (NaN where missing), times as microseconds,
 * text as its sorted values and their codes, or value by value.
 *
 * @param different how many values columns of text have, where that was counted: nobody has to find out again
 */
export async function contentHash(
  duck: Duck,
  path: string,
  stored: ReadonlyMap<string, Holds>,
  rows: number,
  different: ReadonlyMap<string, number> = new Map(),
): Promise<string> {
  const texts = [...stored.keys()].filter(
    (column) => stored.get(column) === 'text' && (different.get(column) ?? 0) <= MOST_IN_DICTIONARY,
  )
  const dictionaries = await dictionariesOf(duck, parquet(path), texts, MOST_IN_DICTIONARY)
  const digests = [...stored].map(() => createHash('sha256'))
  const streamed: { digest: Hash; sql: string; feed: (digest: Hash, vector: Vector) => void }[] = []
  for (const [i, [column, holds]] of [...stored].entries()) {
    const digest = digests[i]!
    if (holds === 'number') streamed.push({ digest, sql: `coalesce(${name(column)}, 'NaN'::DOUBLE)`, feed: feedItems })
    else if (holds === 'time')
      streamed.push({ digest, sql: `coalesce(epoch_us(${name(column)}), ${MISSING_TIME})`, feed: feedItems })
    else {
      const dictionary = dictionaries.get(column)
      digest.update(dictionary ? 'dictionary\n' : 'values\n')
      if (dictionary) {
        feedDictionary(digest, dictionary)
        streamed.push({ digest, sql: dictionary.codes, feed: feedItems })
      } else if (!(await feedJoined(duck, path, column, rows, digest)))
        streamed.push({ digest, sql: textOf(column), feed: feedTexts })
    }
  }
  if (streamed.length > 0)
    for await (const chunk of duck.chunks(`SELECT ${streamed.map((one) => one.sql).join(', ')} FROM ${parquet(path)}`))
      for (const [i, { digest, feed }] of streamed.entries())
        feed(digest, chunk.getColumnVector(i) as unknown as Vector)
  const whole = createHash('sha256').update(`orrery-table-1\n${rows}\n`)
  for (const [i, [column, holds]] of [...stored].entries())
    whole.update(`${JSON.stringify([column, holds])} ${digests[i]!.digest('hex')}\n`)
  return `sha256:${whole.digest('hex')}`
}

const textOf = (column: string) => `coalesce(strlen(${name(column)}) || ':' || ${name(column)}, '-')`

/**
 * Feeds a column of texts in pieces that DuckDB has joined: fetched one by one they take five times as long.
 *
 * @returns false, and nothing is fed, where the texts of some piece are too long for that
 */
async function feedJoined(duck: Duck, path: string, column: string, rows: number, digest: Hash): Promise<boolean> {
  const numbered = numberedParquet(path)
  const { most } = await duck.row<{ most: number }>(
    `SELECT coalesce(max(bytes), 0)::DOUBLE AS most FROM (
      SELECT sum(strlen(${name(column)})) AS bytes FROM ${numbered} GROUP BY file_row_number // ${JOINED_ROWS})`,
  )
  if (most > JOINED_BYTES) return false
  for (let from = 0; from < rows; from += JOINED_ROWS) {
    const piece = `${numbered} WHERE file_row_number BETWEEN ${from} AND ${from + JOINED_ROWS - 1}`
    const { joined } = await duck.row<{ joined: string }>(
      `SELECT string_agg(${textOf(column)}, '' ORDER BY file_row_number) AS joined FROM ${piece}`,
    )
    digest.update(joined)
  }
  return true
}

const MISSING_TIME = '(-9223372036854775807)::BIGINT'

interface Vector {
  itemCount: number
  items: Float64Array | Int32Array | BigInt64Array
  getItem(i: number): string | null
}

function feedItems(digest: Hash, { items }: Vector): void {
  digest.update(new Uint8Array(items.buffer, items.byteOffset, items.byteLength))
}

function feedTexts(digest: Hash, vector: Vector): void {
  let joined = ''
  for (let i = 0; i < vector.itemCount; i++) joined += vector.getItem(i)
  digest.update(joined)
}

function feedDictionary(digest: Hash, { values }: Dictionary): void {
  for (const value of values) digest.update(`${Buffer.byteLength(value)}:${value}`)
  digest.update('\n')
}
