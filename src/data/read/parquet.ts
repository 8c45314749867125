import type { Duck } from '../duckdb.ts'
import { ColumnsDuplicate, ColumnUnsupported, FilesDiffer, ParquetBroken, TooManyColumns } from '../errors.ts'
import { MAX_COLUMNS } from '../limits.ts'
import type { SourceFile } from '../sources/resolved.ts'
import { name, parquet, parquetSchema, texts } from '../sql.ts'
import { type Holds, hiveOptions, partitionColumns, type RawTable, repeatedNames } from './raw-table.ts'

/** Integers up to here are exact as doubles; beyond, a number is a name. */
const MAX_EXACT = 2 ** 53

interface Described {
  column_name: string
  column_type: string
}

/**
 * Parquet. Numbers, times and booleans are taken as they are typed; text is typed by the same rules as a CSV's.
 *
 * @throws ParquetBroken, ColumnUnsupported, ColumnsDuplicate, TooManyColumns, FilesDiffer
 */
export async function openParquet(
  duck: Duck,
  files: readonly SourceFile[],
  ignore: readonly string[],
): Promise<RawTable> {
  const described: Described[][] = []
  for (const file of files)
    described.push(await describe(duck, file).catch((error) => Promise.reject(broken(error, file))))
  const first = described[0]!
  described.forEach((other, i) => {
    const at = other.findIndex((column, c) => JSON.stringify(column) !== JSON.stringify(first[c]))
    if (at >= 0 || other.length !== first.length)
      throw new FilesDiffer(files[0]!.name, files[i]!.name, `see "${(other[at] ?? first.at(-1))!.column_name}"`)
  })
  if (first.length > MAX_COLUMNS) throw new TooManyColumns(files[0]!.name, first.length, MAX_COLUMNS)
  const repeated = repeatedNames(await storedNames(duck, files[0]!))
  if (repeated.length > 0) throw new ColumnsDuplicate(files[0]!.name, repeated)
  const columns = []
  for (const { column_name, column_type } of first) {
    const read = reading(column_name, column_type)
    if (read) columns.push({ name: column_name, ...read })
    else if (!ignore.includes(column_name)) throw new ColumnUnsupported(files[0]!.name, column_name, column_type)
  }
  for (const column of columns.filter((one) => one.wide)) {
    if (!(await isExact(duck, files, column.name)))
      Object.assign(column, { holds: 'text', cell: `CAST(${name(column.name)} AS VARCHAR)` })
  }
  const keys = partitionColumns(
    files,
    first.map((column) => column.column_name),
  )
  const cells = [
    ...columns.map((column, i) => `${column.cell} AS c${i}`),
    ...keys.map((key, i) => `${name(key)} AS c${columns.length + i}`),
  ].join(', ')
  const from = (paths: readonly string[]) => `(SELECT ${cells} FROM read_parquet(${texts(paths)}${hiveOptions(keys)}))`
  return {
    columns: [
      ...columns.map((column) => ({ name: column.name, holds: column.holds })),
      ...keys.map((key) => ({ name: key, holds: 'text' as const })),
    ],
    from: from(files.map((file) => file.path)),
    parts: files.map((file) => ({ file, from: from([file.path]) })),
    placeOf: async (part, row) => ({ file: files[part]!.name, row }),
    explain: (error) => broken(error, files[0]!),
  }
}

function describe(duck: Duck, file: SourceFile): Promise<Described[]> {
  return duck.rows<Described>(`SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM ${parquet(file.path)})`)
}

/** Whether all whole numbers of a column are exact as doubles. */
async function isExact(duck: Duck, files: readonly SourceFile[], column: string): Promise<boolean> {
  for (const file of files) {
    const { exact } = await duck
      .row<{ exact: boolean }>(
        `SELECT coalesce(max(abs(${name(column)}::HUGEINT)) <= ${MAX_EXACT}, true) AS exact FROM ${parquet(file.path)}`,
      )
      .catch((error) => Promise.reject(broken(error, file)))
    if (!exact) return false
  }
  return true
}

/** The names as the file has them: DuckDB makes a second "a" into "a_1". */
async function storedNames(duck: Duck, file: SourceFile): Promise<string[]> {
  const elements = await duck.rows<{ name: string; num_children: number | null }>(
    `SELECT name, num_children FROM ${parquetSchema(file.path)}`,
  )
  const names: string[] = []
  // The schema is a tree written out in depth-first order; the columns are the children of its root.
  for (let at = 1; at < elements.length; at++) {
    names.push(elements[at]!.name)
    for (let inside = elements[at]!.num_children ?? 0; inside > 0; inside--) inside += elements[++at]!.num_children ?? 0
  }
  return names
}

/** How a column of DuckDB's type is read; `undefined` when it holds more than single values. */
function reading(column: string, type: string): { holds: Holds; cell: string; wide: boolean } | undefined {
  const quoted = name(column)
  const wide = /^U?(BIGINT|HUGEINT)$/.test(type)
  if (wide || /^(U?(TINYINT|SMALLINT|INTEGER)|FLOAT|DOUBLE|DECIMAL\(\d+,\d+\))$/.test(type))
    return { holds: 'number', cell: `CAST(${quoted} AS DOUBLE)`, wide }
  if (/^(DATE|TIMESTAMP.*)$/.test(type)) return { holds: 'time', cell: `CAST(${quoted} AS TIMESTAMP)`, wide }
  if (/^(VARCHAR|BOOLEAN|UUID|TIME|ENUM\(.*\))$/.test(type))
    return { holds: 'text', cell: `CAST(${quoted} AS VARCHAR)`, wide }
  return undefined
}

function broken(error: unknown, file: SourceFile): unknown {
  const message = error instanceof Error ? error.message : ''
  if (
    !/parquet|magic bytes|thrift|snappy|zstd|decompress|TProtocol|don't know what type|file .*too small|out of buffer/i.test(
      message,
    )
  )
    return error
  return new ParquetBroken(
    file.name,
    message
      .split('\n')[0]!
      .replace(/^.*? Error: /, '')
      .replace(/ (['"])\/.*?\1:?/g, ''),
  )
}
