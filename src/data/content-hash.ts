import { createHash, type Hash } from 'node:crypto'
import { type Dictionary, dictionariesOf } from './dictionary.ts'
import type { Duck } from './duckdb.ts'
import type { Holds } from './read/raw-table.ts'
import { name, parquet } from './sql.ts'

/** Text columns with more different values are hashed value by value. Part of the hash: never change it. */
const MOST_IN_DICTIONARY = 65_536

/**
 * What a table's content hashes to: its columns' names and stored types, and their values in the order of the rows.
 * It does not depend on the file the rows came from, nor on how Parquet was written, so it outlives both.
 *
 * Each column has a sha256 of its own: numbers as little-endian doubles (NaN where missing), times as microseconds,
 * text as its sorted values and their codes, or value by value.
 */
export async function contentHash(
  duck: Duck,
  path: string,
  stored: ReadonlyMap<string, Holds>,
  rows: number,
): Promise<string> {
  const texts = [...stored.keys()].filter((column) => stored.get(column) === 'text')
  const dictionaries = await dictionariesOf(duck, parquet(path), texts, MOST_IN_DICTIONARY)
  const columns: { digest: Hash; sql: string; feed: (digest: Hash, vector: Vector) => void }[] = []
  for (const [column, holds] of stored) {
    const digest = createHash('sha256')
    if (holds === 'number') columns.push({ digest, sql: `coalesce(${name(column)}, 'NaN'::DOUBLE)`, feed: feedItems })
    else if (holds === 'time')
      columns.push({ digest, sql: `coalesce(epoch_us(${name(column)}), ${MISSING_TIME})`, feed: feedItems })
    else {
      const dictionary = dictionaries.get(column)
      digest.update(dictionary ? 'dictionary\n' : 'values\n')
      if (dictionary) feedDictionary(digest, dictionary)
      columns.push({
        digest,
        sql: dictionary?.codes ?? `coalesce(strlen(${name(column)}) || ':' || ${name(column)}, '-')`,
        feed: dictionary ? feedItems : feedTexts,
      })
    }
  }
  for await (const chunk of duck.chunks(`SELECT ${columns.map((one) => one.sql).join(', ')} FROM ${parquet(path)}`)) {
    columns.forEach((column, i) => {
      column.feed(column.digest, chunk.getColumnVector(i) as unknown as Vector)
    })
  }
  const whole = createHash('sha256').update(`orrery-table-1\n${rows}\n`)
  ;[...stored].forEach(([column, holds], i) => {
    whole.update(`${JSON.stringify([column, holds])} ${columns[i]!.digest.digest('hex')}\n`)
  })
  return `sha256:${whole.digest('hex')}`
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
