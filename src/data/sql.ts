/** `name` as an identifier. */
export function name(column: string): string {
  return `"${column.replaceAll('"', '""')}"`
}

/** `value` as a string literal. */
export function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`
}

/** A list of string literals. */
export function texts(values: readonly string[]): string {
  return `[${values.map(text).join(', ')}]`
}

/** Rows for which a condition is true. As an aggregate of its own: with FILTER, each one picks its rows out of every piece first. */
export function countWhere(condition: string): string {
  return `coalesce(count_if(${condition}), 0)`
}

/**
 * A cell without the blanks round it; `NULL` where that leaves nothing, or one of the declared tokens. Spaces only:
 * looking for tabs too doubles the time of reading a CSV.
 */
export function cleaned(expression: string, missing: readonly string[]): string {
  const trimmed = `nullif(trim(${expression}), '')`
  const tokens = missing.map((token) => token.trim()).filter((token) => token !== '')
  return tokens.length === 0
    ? trimmed
    : `CASE WHEN ${trimmed} IN (${tokens.map(text).join(', ')}) THEN NULL ELSE ${trimmed} END`
}

/** The same of a column without such tokens: nearly every cell is plain, and to see that takes a fifth of trimming it. */
export function cleanedIfNeeded(expression: string): string {
  const plain = `${expression} >= '!' AND NOT ends_with(${expression}, ' ') AND strlen(${expression}) = length(${expression})`
  return `CASE WHEN ${plain} THEN ${expression} ELSE ${cleaned(expression, [])} END`
}

// "2011_12" is a season, not the number 201112 that DuckDB reads; infinities are no measurement.
const noNumber = (value: string) => `contains(${value}, '_')`

/** The number in a text, failing where there is none; NaN is a missing value. */
export function asNumber(value: string): string {
  return `nullif(${castNumber(value)}, 'NaN'::DOUBLE)`
}

/** The same, trimmed only where it is no number as it was found: that takes twice as long as to read one. */
export function asNumberIfPlain(raw: string, value: string): string {
  const read = `TRY_CAST(${raw} AS DOUBLE)`
  const plain = `${read} IS NOT NULL AND NOT ${noNumber(raw)}`
  return `nullif(CASE WHEN ${plain} THEN ${read} ELSE ${castNumber(value)} END, 'NaN'::DOUBLE)`
}

const castNumber = (value: string) => `CAST(CASE WHEN ${noNumber(value)} THEN 'no number' ELSE ${value} END AS DOUBLE)`

/** Whether a text holds a finite number, or NaN. */
export function isNumber(value: string): string {
  return `(NOT ${noNumber(value)} AND coalesce(NOT isinf(TRY_CAST(${value} AS DOUBLE)), false))`
}

/** A number with leading zeros is a code: 00501 is a place, not five hundred and one. */
export function isCode(value: string): string {
  return `regexp_matches(${value}, '^0[0-9]{2,}$')`
}

/** The moment in a text, failing where there is none; without a zone it is UTC. */
export function asTime(value: string): string {
  return `CAST(CAST(${value} AS TIMESTAMPTZ) AS TIMESTAMP)`
}

/** The same in half the time where no zone has to be looked up. A plain timestamp would not mind one, and forget it. */
export function asTimeIfPlain(value: string): string {
  const plain = `regexp_full_match(${value}, '[0-9-]{8,10}([ T][0-9:.]+Z?)?')`
  const read = `TRY_CAST(${value} AS TIMESTAMP)`
  return `CASE WHEN ${plain} AND ${read} IS NOT NULL THEN ${read} ELSE ${asTime(value)} END`
}

/** Whether a text holds a date or a moment; words such as "epoch" or "infinity" do not count. */
export function isTime(value: string): string {
  return `(CASE WHEN regexp_matches(${value}, '^[0-9]{4}[-/]') THEN TRY_CAST(${value} AS TIMESTAMPTZ) IS NOT NULL ELSE false END)`
}

/** The rows of a Parquet file with their numbers, from 0, as `file_row_number`. */
export function numberedParquet(path: string): string {
  return `read_parquet(${text(path)}, file_row_number = true, hive_partitioning = false)`
}

/**
 * The rows of Parquet files, one after the other. Never write that as UNION ALL: with one thread DuckDB mixes the parts
 * when it writes them out.
 */
export function parquet(...paths: string[]): string {
  // A folder called `a=b` above the project is no column.
  return `read_parquet(${texts(paths)}, hive_partitioning = false)`
}

/** The tree of a Parquet file's columns, as it names them. */
export function parquetSchema(path: string): string {
  return `parquet_schema(${text(path)})`
}

/** What a Parquet file's footer says of the whole. */
export function parquetFooter(path: string): string {
  return `parquet_file_metadata(${text(path)})`
}

/** What it says of each column in each group of rows. */
export function parquetChunks(path: string): string {
  return `parquet_metadata(${text(path)})`
}

/** A cell of any type as people read it: whole numbers without a point. */
export const shownText = (cell: string): string =>
  `CASE typeof(${cell}) WHEN 'DOUBLE' THEN regexp_replace(CAST(${cell} AS VARCHAR), '\\.0$', '') ELSE CAST(${cell} AS VARCHAR) END`
