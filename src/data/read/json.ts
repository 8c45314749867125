import type { Duck } from '../duckdb.ts'
import { ColumnsDuplicate, ColumnUnsupported, RowMalformed, TableEmpty, TooManyColumns } from '../errors.ts'
import { MAX_COLUMNS } from '../limits.ts'
import type { SourceFile } from '../sources/resolved.ts'
import { name, text, texts } from '../sql.ts'
import { hiveOptions, partitionColumns, type RawTable, repeatedNames } from './raw-table.ts'

/**
 * JSON lines, or one JSON array: an object per row, its keys the columns. A key that a row lacks is a missing value.
 * All values are handed on as text, so that they are typed by the same rules as a CSV's.
 *
 * @throws RowMalformed, ColumnsDuplicate, TooManyColumns, TableEmpty, ColumnUnsupported
 */
export async function openJson(duck: Duck, files: readonly SourceFile[], ignore: readonly string[]): Promise<RawTable> {
  try {
    return await openObjects(duck, files, ignore)
  } catch (error) {
    throw explain(error, files)
  }
}

async function openObjects(duck: Duck, files: readonly SourceFile[], ignore: readonly string[]): Promise<RawTable> {
  const reading = (some: readonly SourceFile[]) => `${texts(some.map((file) => file.path))}, format = 'auto'`
  // One scan of all files: a statement that names each by itself takes a second for a few hundred of them.
  const objects = `SELECT row_number() OVER () AS r, filename, json FROM read_json_objects(${reading(files)}, filename = true)`
  const found = await keysOf(duck, objects)
  const [stray] = await duck.rows<{ filename: string; r: number; kind: string }>(
    `SELECT filename, r, json_type(json) AS kind FROM (${objects}) WHERE json_type(json) <> 'OBJECT' ORDER BY r LIMIT 1`,
  )
  if (stray) {
    const { row } = await duck.row<{ row: number }>(
      `SELECT count(*) AS row FROM (${objects}) WHERE filename = ${text(stray.filename)} AND r <= ${stray.r}`,
    )
    throw new RowMalformed(
      { file: files.find((file) => file.path === stray.filename)!.name, row },
      `it is a JSON ${stray.kind.toLowerCase()}, not an object`,
      'Write one object per line: {"column": value, …}.',
    )
  }
  if (found.length === 0) throw new TableEmpty(files[0]!.name, 'holds no objects with keys')
  if (found.length > MAX_COLUMNS) throw new TooManyColumns(files[0]!.name, found.length, MAX_COLUMNS)
  const repeated = repeatedNames(found)
  if (repeated.length > 0) throw new ColumnsDuplicate(files[0]!.name, repeated)
  const columns = `{${found.map((key) => `${text(key)}: 'JSON'`).join(', ')}}`
  const folders = partitionColumns(files, found)
  const records = (some: readonly SourceFile[]) =>
    `read_json(${reading(some)}, columns = ${columns}${hiveOptions(folders)})`
  const keys = await flatKeys(duck, records(files), found, ignore, files[0]!)
  const cells = [
    ...keys.map((key, i) => `${name(key)} ->> '$' AS c${i}`),
    ...folders.map((key, i) => `${name(key)} AS c${keys.length + i}`),
  ].join(', ')
  const from = (some: readonly SourceFile[]) => `(SELECT ${cells} FROM ${records(some)})`
  return {
    columns: [...keys, ...folders].map((key) => ({ name: key, holds: 'text' })),
    from: from(files),
    parts: files.map((file) => ({ file, from: from([file]) })),
    placeOf: async (part, row) => ({ file: files[part]!.name, row }),
    explain: (error) => explain(error, files),
  }
}

/** Every key of every object, in the order in which they first occur. */
async function keysOf(duck: Duck, objects: string): Promise<string[]> {
  const found = await duck.rows<{ key: string }>(`
    SELECT key FROM (
      SELECT unnest(keys) AS key, unnest(range(len(keys))) AS place, r
      FROM (SELECT r, json_keys(json) AS keys FROM (${objects}))
    ) GROUP BY key ORDER BY min((r, place))`)
  return found.map((one) => one.key)
}

/** The keys that hold single values; one that does not is an error unless it is to be ignored. */
async function flatKeys(
  duck: Duck,
  records: string,
  keys: readonly string[],
  ignore: readonly string[],
  file: SourceFile,
): Promise<string[]> {
  const kinds = keys.map(
    (key) => `max(json_type(${name(key)})) FILTER (json_type(${name(key)}) IN ('OBJECT', 'ARRAY'))`,
  )
  const { nested } = await duck.row<{ nested: (string | null)[] }>(
    `SELECT [${kinds.join(', ')}] AS nested FROM ${records}`,
  )
  const refused = keys.findIndex((key, i) => nested[i] !== null && !ignore.includes(key))
  if (refused >= 0) throw new ColumnUnsupported(file.name, keys[refused]!, `a JSON ${nested[refused]!.toLowerCase()}`)
  return keys.filter((_, i) => nested[i] === null)
}

function explain(error: unknown, files: readonly SourceFile[]): unknown {
  const message = error instanceof Error ? error.message : ''
  const malformed = /Malformed JSON in file "(.*?)", at byte (\d+) in (?:line|record\/value) (\d+): (.*)/.exec(message)
  const transform = /JSON transform error in file "(.*?)", in (?:line|record\/value) (\d+): (.*)/.exec(message)
  const found = malformed
    ? { path: malformed[1], line: malformed[3], why: `${malformed[4]!.trim()} at byte ${malformed[2]} of it` }
    : transform && { path: transform[1], line: transform[2], why: transform[3]! }
  if (!found) return error
  const file = files.find((one) => one.path === found.path) ?? files[0]!
  return new RowMalformed(
    { file: file.name, line: Number(found.line) },
    found.why.replace(/\.$/, ''),
    'Write one whole JSON object per line, each key once.',
  )
}
