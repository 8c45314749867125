import type { Duck } from '#data'
import type { FeatureType, ViewDefinition } from './definition.ts'
import { ViewColumnMissing, ViewColumnMistyped } from './errors.ts'
import { checkQuery } from './query.ts'
import { name, text } from './sql.ts'

/** What a view is computed from. */
export interface ViewInput {
  readonly view: Pick<ViewDefinition, 'name' | 'from' | 'sql' | 'entities' | 'time' | 'created' | 'ttl' | 'columns'>
  /** The Parquet file of each of its data sets. */
  readonly tables: Readonly<Record<string, string>>
  /** The hash of each: what is made of them may be kept under it. */
  readonly contents?: Readonly<Record<string, string>>
}

export type KeyKind = 'number' | 'text'

/** A view's rows in one form, as SQL: keys `k0…`, event time `e` and created `c` in µs, place `r`, features `f0…`. */
export interface Relation {
  readonly keys: readonly KeyKind[]
  /** `r` is the number of the row in its table. */
  readonly numbered: boolean
  readonly hasCreated: boolean
  /**
   * With the keys as they are, or as text where the other side has them so.
   *
   * @param options.unchecked numbers may be infinite or none: whoever reads them leaves those out
   */
  select(keysAs?: readonly KeyKind[], options?: { unchecked?: boolean }): string
}

/** Before every time there is, and after it. */
export const FIRST_TIME = '(-9223372036854775807)::BIGINT'
export const LAST = '9223372036854775807::BIGINT'

/**
 * Prepares a view for reading in this database.
 *
 * @throws QueryRefused, ViewColumnMissing, ViewColumnMistyped
 */
export async function openRelation(duck: Duck, { view, tables }: ViewInput): Promise<Relation> {
  const from = await sourceOf(duck, { view, tables })
  const types = await typesOf(duck, from)
  const typeOf = (column: string) => {
    const found = types.get(column)
    if (found === undefined)
      throw new ViewColumnMissing(
        view.name,
        column,
        [...types.keys()].filter((one) => one !== ROW),
      )
    return found
  }
  const time = (column: string) => {
    const moment = microseconds(name(column), typeOf(column))
    if (moment === undefined) throw new ViewColumnMistyped(view.name, column, 'a time', inWords(typeOf(column)))
    return moment
  }
  const keys = view.entities.map((column) => keyKind(typeOf(column)))
  const features = view.columns.map(({ name: column, type }, i) => {
    const cell = featureOf(view.name, column, type, typeOf(column))
    return { checked: `${cell.checked} AS f${i}`, unchecked: `${cell.unchecked} AS f${i}` }
  })
  const event = time(view.time)
  const created = view.created === null ? FIRST_TIME : `coalesce(${time(view.created)}, ${FIRST_TIME})`
  // The order of a query's rows is nobody's: those that nothing else tells apart are told apart by what they say.
  const values = view.columns.map(({ name: column }) => name(column)).join(', ')
  const place = view.sql === null ? name(ROW) : `(hash(${values}) >> 1)::BIGINT`
  return {
    keys,
    numbered: view.sql === null,
    hasCreated: view.created !== null,
    select: (keysAs = keys, { unchecked = false } = {}) => {
      const cells = view.entities.map((column, i) => `${keyAs(name(column), keys[i]!, keysAs[i]!)} AS k${i}`)
      const given = features.map((feature) => (unchecked ? feature.unchecked : feature.checked))
      return `SELECT ${[...cells, `${event} AS e`, `${created} AS c`, `${place} AS r`, ...given].join(', ')} FROM ${from}`
    },
  }
}

const ROW = 'file_row_number'

async function sourceOf(duck: Duck, { view, tables }: ViewInput): Promise<string> {
  const read = (set: string) => `read_parquet(${text(tables[set]!)}`
  if (view.sql === null) return `${read(view.from[0]!)}, file_row_number = true)`
  await checkQuery(duck, view.name, view.sql, view.from)
  for (const set of view.from) await duck.run(`CREATE OR REPLACE TEMP VIEW ${name(set)} AS SELECT * FROM ${read(set)})`)
  return `(${view.sql.trim().replace(/;$/, '')}\n)`
}

/** The columns of a relation with their types in DuckDB's words. */
export async function typesOf(duck: Duck, from: string): Promise<Map<string, string>> {
  const described = await duck.rows<{ column_name: string; column_type: string }>(
    `SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM ${from})`,
  )
  return new Map(described.map((one) => [one.column_name, one.column_type]))
}

const NUMBERS = /^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|DOUBLE|FLOAT|DECIMAL)/

export const isNumber = (type: string) => NUMBERS.test(type)
export const isTime = (type: string) => /^(TIMESTAMP|DATE)/.test(type)

export function keyKind(type: string): KeyKind {
  return isNumber(type) ? 'number' : 'text'
}

/** A key's cell as a number, or as the text that the number is written as: 5 and not 5.0. */
export function keyAs(cell: string, is: KeyKind, as: KeyKind): string {
  if (as === 'number') return `(${cell})::DOUBLE`
  if (is === 'text') return `(${cell})::VARCHAR`
  const number = `(${cell})::DOUBLE`
  return `CASE WHEN ${number} = trunc(${number}) AND abs(${number}) < 1e15 THEN (${number})::BIGINT::VARCHAR ELSE (${number})::VARCHAR END`
}

/** A cell of `type` as µs since 1970, numbers being milliseconds; `undefined` for what is no time. */
export function microseconds(cell: string, type: string): string | undefined {
  if (isTime(type)) return `epoch_us(${cell})`
  return isNumber(type) ? `(${cell} * 1000)::BIGINT` : undefined
}

function featureOf(
  view: string,
  column: string,
  wanted: FeatureType,
  type: string,
): { checked: string; unchecked: string } {
  const cell = name(column)
  if (wanted === 'text') {
    const words = isNumber(type) ? keyAs(cell, 'number', 'text') : `(${cell})::VARCHAR`
    return { checked: words, unchecked: words }
  }
  if (!isNumber(type) && type !== 'BOOLEAN') throw new ViewColumnMistyped(view, column, 'a number', inWords(type))
  const number = `(${cell})::DOUBLE`
  // What is no finite number has no place in JSON, and so none online.
  const finite = /^(DOUBLE|FLOAT)/.test(type) ? `CASE WHEN isfinite(${cell}) THEN ${number} END` : number
  return { checked: finite, unchecked: number }
}

export function inWords(type: string): string {
  return type === 'VARCHAR' ? 'text' : isTime(type) ? 'times' : type.toLowerCase()
}
