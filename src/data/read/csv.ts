import { open } from 'node:fs/promises'
import {
  ColumnsDuplicate,
  FilesDiffer,
  HeaderMissing,
  type Place,
  RowMalformed,
  RowRagged,
  TooManyColumns,
} from '../errors.ts'
import { MAX_COLUMNS } from '../limits.ts'
import type { SourceFile } from '../sources/resolved.ts'
import { name, text, texts } from '../sql.ts'
import { columnNames, headerProblem, headRecords, sniffDelimiter } from './dialect.ts'
import { lineOfRecord } from './lines.ts'
import { hiveOptions, partitionColumns, type RawTable, repeatedNames } from './raw-table.ts'

/** A header longer than this is none. */
const HEAD = 1024 * 1024

/**
 * Delimited text. The delimiter and the names are found here, and every cell is handed on as text, so that nothing
 * depends on what a reader guesses; quotes, line ends and ragged rows are DuckDB's.
 *
 * @throws HeaderMissing, ColumnsDuplicate, TooManyColumns, FilesDiffer
 */
export async function openCsv(files: readonly SourceFile[]): Promise<RawTable> {
  const head = await headOf(files[0]!)
  const delimiter = sniffDelimiter(head)
  const names = headerOf(files[0]!, head, delimiter)
  // One after the other: of thousands of files, no more than one is looked at.
  for (const file of files.slice(1)) {
    const header = headerOf(file, await headOf(file), delimiter)
    if (header.join('\n') !== names.join('\n')) throw differing(files[0]!, file, names, header)
  }
  const columns = `{${names.map((_, i) => `'c${i}': 'VARCHAR'`).join(', ')}}`
  const keys = partitionColumns(files, names)
  const read = (some: readonly SourceFile[]) =>
    `read_csv(${texts(some.map((file) => file.path))}, auto_detect = false, header = true, delim = ${text(delimiter)}, quote = '"', escape = '"', columns = ${columns}${hiveOptions(keys)})`
  const cells = [...names.map((_, i) => `c${i}`), ...keys.map((key, i) => `${name(key)} AS c${names.length + i}`)]
  const from = (some: readonly SourceFile[]) =>
    keys.length === 0 ? read(some) : `(SELECT ${cells.join(', ')} FROM ${read(some)})`
  return {
    columns: [...names, ...keys].map((one) => ({ name: one, holds: 'text' })),
    from: from(files),
    parts: files.map((file) => ({ file, from: from([file]) })),
    placeOf: async (part, row) => ({
      file: files[part]!.name,
      line: await lineOfRecord(files[part]!.path, delimiter, names.length, row),
    }),
    explain: (error) => explain(error, files),
  }
}

async function headOf(file: SourceFile): Promise<string> {
  await using handle = await open(file.path)
  const length = Math.min(HEAD, (await handle.stat()).size)
  const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(length), 0, length, 0)
  return buffer.subarray(0, bytesRead).toString('utf8')
}

function headerOf(file: SourceFile, head: string, delimiter: string): string[] {
  const records = headRecords(head, delimiter)
  const columns = records[0]!.length
  if (columns > MAX_COLUMNS) throw new TooManyColumns(file.name, columns, MAX_COLUMNS)
  const problem = headerProblem(records)
  if (problem) throw new HeaderMissing(file.name, problem)
  const names = columnNames(records[0]!)
  const repeated = repeatedNames(names)
  if (repeated.length > 0) throw new ColumnsDuplicate(file.name, repeated)
  return names
}

function differing(first: SourceFile, other: SourceFile, names: string[], header: string[]): FilesDiffer {
  const lacks = names.filter((name) => !header.includes(name))
  const adds = header.filter((name) => !names.includes(name))
  const what = [
    lacks.length > 0 && `it lacks "${lacks[0]}"`,
    adds.length > 0 && `it has "${adds[0]}"`,
    lacks.length + adds.length === 0 && 'they are in another order',
  ]
  return new FilesDiffer(first.name, other.name, what.filter(Boolean).join(' and '))
}

/** DuckDB's words about a line, in ours. */
function explain(error: unknown, files: readonly SourceFile[]): unknown {
  const message = error instanceof Error ? error.message : ''
  const isAboutText = /CSV Error on Line|state machine reached an invalid state/.test(message)
  if (!isAboutText) return error
  const path = /^\s*file = (.*)$/m.exec(message)?.[1]
  const file = files.find((one) => one.path === path) ?? files[0]!
  const line = /CSV Error on Line: (\d+)/.exec(message)?.[1]
  const place: Place = { file: file.name, line: line === undefined ? undefined : Number(line) }
  const ragged = /Expected Number of Columns: (\d+) Found: (\d+)/.exec(message)
  if (ragged) return new RowRagged(place, Number(ragged[1]), Number(ragged[2]))
  if (/unterminated quote/.test(message))
    return new RowMalformed(
      place,
      'a quoted cell is not closed, or goes on after its closing quote',
      'Double the quotes inside a quoted cell ("a ""b"" c"), and close it before the next delimiter.',
    )
  if (/Maximum line size/i.test(message))
    return new RowMalformed(
      place,
      'the line is longer than 2 MB',
      'Look for a missing line break or closing quote there.',
    )
  if (/state machine/.test(message))
    return new RowMalformed(
      place,
      'a quote or a carriage return stands where none can',
      'Put cells with line breaks or quotes into double quotes, and double the quotes inside.',
    )
  return new RowMalformed(place, message.split('\n')[1] ?? message, 'Look at that line of the file.')
}
