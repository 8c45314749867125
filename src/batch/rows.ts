import type { Duck } from '#data'
import type { EncodedRows, FeatureColumn } from '#runtime'
import type { FeatureSpec } from '#runtime/contract'
import { BatchColumnsMissing } from './errors.ts'

/** `name` as an identifier of SQL. */
export const named = (column: string) => `"${column.replaceAll('"', '""')}"`

/** `value` as a text of SQL. */
export const literal = (value: string) => `'${value.replaceAll("'", "''")}'`

/** The rows of a Parquet file with their numbers. */
export const numbered = (path: string) => `read_parquet(${literal(path)}, file_row_number = true)`

/** Above this a number has no float32. */
const LARGEST_FLOAT32 = '3.4028234663852886e38'
const MOST_NAMED = 10

const WHOLE = /^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER)$/
const REAL = /^(FLOAT|DOUBLE|DECIMAL\(.*\))$/

/** A feature's column in SQL. */
export interface FeatureSql {
  readonly value: string
  /** Whether a row fits, cheaply: it is asked of every row. `null` where every row does. */
  readonly fits: string | null
  /** Why one does not, asked of those only. */
  readonly misfit: string
}

/**
 * How a table's columns become what a model takes: numbers as float32 with NaN for missing, texts without the blanks round them
 * with '' for missing, as they are when a table is read for training.
 *
 * @throws BatchColumnsMissing
 */
export function featuresInSql(features: readonly FeatureSpec[], types: ReadonlyMap<string, string>): FeatureSql[] {
  const missing = features.filter(({ name }) => !types.has(name)).map(({ name }) => name)
  if (missing.length > 0) throw new BatchColumnsMissing(missing, [...types.keys()])
  return features.map((feature) =>
    feature.kind === 'numeric'
      ? numeric(feature, types.get(feature.name)!)
      : categorical(feature, types.get(feature.name)!),
  )
}

function numeric({ name, required }: FeatureSpec, type: string): FeatureSql {
  const column = named(name)
  const isNumber = WHOLE.test(type) || REAL.test(type)
  const text = `nullif(trim(${column}::VARCHAR), '')`
  const number = isNumber ? `${column}::DOUBLE` : type === 'VARCHAR' ? `TRY_CAST(${text} AS DOUBLE)` : 'NULL::DOUBLE'
  const lacks = isNumber ? `(${column} IS NULL OR isnan(${column}::DOUBLE))` : `${text} IS NULL`
  const say = (words: string) => `${literal(`${name}: `)} || ${words}`
  const isLarge = `abs(${number}) > ${LARGEST_FLOAT32} AND NOT isnan(${number})`
  const misfits = [
    ...(required ? [`WHEN ${lacks} THEN ${lacking(name)}`] : []),
    ...(isNumber
      ? []
      : [
          `WHEN ${text} IS NOT NULL AND ${number} IS NULL THEN ${say(`'a number is expected, not ' || left(${text}, 100)`)}`,
        ]),
    `WHEN ${isLarge} THEN ${say(`left(${text}, 100) || ' is no finite 32-bit number'`)}`,
  ]
  // A float32 is too large for itself only where it is infinite.
  const inRange = type === 'FLOAT' ? `NOT isinf(${column})` : `abs(${number}) <= ${LARGEST_FLOAT32}`
  const isMissing = isNumber ? `isnan(${number}) OR ${column} IS NULL` : lacks
  return {
    value: `coalesce(${type === 'FLOAT' ? column : `TRY_CAST(${number} AS FLOAT)`}, 'NaN'::FLOAT)`,
    fits: fitsOf(),
    misfit: `CASE ${misfits.join(' ')} END`,
  }

  function fitsOf(): string | null {
    if (required) return `coalesce(${inRange}, false)`
    if (WHOLE.test(type)) return null
    return type === 'FLOAT' ? `coalesce(${inRange}, true)` : `coalesce(${inRange}, false) OR ${isMissing}`
  }
}

const lacking = (name: string) => literal(`${name}: it is missing, and this model has no answer without it`)

function categorical({ name, required, categories }: FeatureSpec, type: string): FeatureSql {
  const column = named(name)
  // A number is a category by its shortest text: 2.0 is 2.
  const text = REAL.test(type)
    ? `CASE WHEN ${column}::DOUBLE = trunc(${column}::DOUBLE) AND abs(${column}::DOUBLE) < 1e15 THEN ${column}::DOUBLE::BIGINT::VARCHAR ELSE ${column}::VARCHAR END`
    : `${column}::VARCHAR`
  const value = `coalesce(trim(${text}), '')`
  if (!required) return { value, fits: null, misfit: 'NULL' }
  const listed = categories?.length ? `(${categories.map(literal).join(', ')})` : undefined
  const unknown = `left(${value}, 100) || ${literal(` is not what it takes: send one of ${categories?.slice(0, MOST_NAMED).join(', ')}`)}`
  return {
    value,
    fits: listed ? `${value} IN ${listed}` : `${value} <> ''`,
    misfit: `CASE WHEN ${value} = '' THEN ${lacking(name)}${
      listed ? ` WHEN ${value} NOT IN ${listed} THEN ${literal(`${name}: `)} || ${unknown}` : ''
    } END`,
  }
}

/** The types of a relation's columns, as DuckDB names them. */
export async function typesOf(duck: Duck, relation: string): Promise<Map<string, string>> {
  const columns = await duck.rows<{ column_name: string; column_type: string }>(`DESCRIBE SELECT * FROM ${relation}`)
  return new Map(columns.map(({ column_name, column_type }) => [column_name, column_type]))
}

/** A text column with more values than this is not worth a dictionary. */
const LARGEST_DICTIONARY = 10_000

/** The rows of a part that fit, as a model takes them. */
export interface FittingRows {
  readonly encoded: EncodedRows
  /** Their places in the part, from 0; `undefined` when every row fits. */
  readonly places: Float64Array | undefined
}

/**
 * Reads rows column by column, in their order.
 *
 * @param from the rows as a relation of SQL, with the input's own columns
 * @param count how many it has
 */
export async function readFitting(
  duck: Duck,
  from: string,
  features: readonly FeatureSpec[],
  columns: readonly FeatureSql[],
  count: number,
): Promise<FittingRows> {
  const texts = features.flatMap(({ kind }, f) => (kind === 'categorical' ? [f] : []))
  const dictionaries = await dictionariesOf(duck, from, texts, columns)
  const cells = features.map(({ kind }) => (kind === 'numeric' ? new Float32Array(count) : new Array<string>(count)))
  const select = columns.map(({ value }, f) => dictionaries.get(f)?.codes ?? value)
  const conditions = conditionsOf(columns)
  const fits = conditions === undefined ? undefined : new Int32Array(count)
  if (conditions !== undefined) select.push(`(${conditions})::INTEGER`)
  let row = 0
  for await (const chunk of duck.chunks(`SELECT ${select.join(', ')} FROM ${from}`)) {
    const itemsOf = (column: number) => (chunk.getColumnVector(column) as unknown as { items: ArrayLike<number> }).items
    for (let f = 0; f < features.length; f++) {
      const column = cells[f]!
      if (column instanceof Float32Array) column.set(itemsOf(f), row)
      else
        fillTexts(column, row, chunk.rowCount, dictionaries.get(f)?.values, itemsOf(f), () => chunk.getColumnValues(f))
    }
    fits?.set(itemsOf(features.length), row)
    row += chunk.rowCount
  }
  const places = fits?.includes(0) ? placesOf(fits) : undefined
  return {
    encoded: {
      rows: places?.length ?? count,
      columns: cells.map((column) => (places ? taken(column, places) : column)),
    },
    places,
  }
}

/** Whether a row fits, as SQL; `undefined` where every row does. */
export function conditionsOf(columns: readonly FeatureSql[]): string | undefined {
  const conditions = columns.flatMap(({ fits }) => (fits === null ? [] : [`(${fits})`]))
  return conditions.length === 0 ? undefined : conditions.join(' AND ')
}

function placesOf(fits: Int32Array): Float64Array {
  const places: number[] = []
  for (let r = 0; r < fits.length; r++) if (fits[r] === 1) places.push(r)
  return Float64Array.from(places)
}

function taken(column: FeatureColumn, places: Float64Array): FeatureColumn {
  if (column instanceof Float32Array) return Float32Array.from(places, (place) => column[place]!)
  return Array.from(places, (place) => column[place]!)
}

function fillTexts(
  column: string[],
  at: number,
  rows: number,
  dictionary: readonly string[] | undefined,
  codes: ArrayLike<number>,
  values: () => readonly unknown[],
): void {
  if (dictionary) for (let r = 0; r < rows; r++) column[at + r] = dictionary[codes[r]!]!
  else for (const [r, value] of values().entries()) column[at + r] = String(value)
}

/** Texts come over as numbers into a list of those there are: decoding each costs ten times as much. */
async function dictionariesOf(
  duck: Duck,
  from: string,
  places: readonly number[],
  columns: readonly FeatureSql[],
): Promise<Map<number, { values: readonly string[]; codes: string }>> {
  const found = new Map<number, { values: readonly string[]; codes: string }>()
  for (const f of places) {
    const { value } = columns[f]!
    const values = await duck.rows<{ value: string }>(
      `SELECT DISTINCT ${value} AS value FROM ${from} LIMIT ${LARGEST_DICTIONARY + 1}`,
    )
    if (values.length === 0 || values.length > LARGEST_DICTIONARY) continue
    await duck.run(`CREATE OR REPLACE TYPE texts_${f} AS ENUM (${values.map((one) => literal(one.value)).join(', ')})`)
    found.set(f, { values: values.map((one) => one.value), codes: `enum_code((${value})::texts_${f})::INTEGER` })
  }
  return found
}
