import { parse } from 'csv-parse/sync'
import { OrreryError } from '#platform/errors'

/** A field of more is no cell of a table; a quote that is never closed would be one. */
const LARGEST_ROW = 1024 * 1024
const MOST_ROWS = 10_000

export class CsvUnreadable extends OrreryError {
  constructor(reason: string) {
    super({
      code: 'ORRERY_CSV_UNREADABLE',
      status: 400,
      message: `The CSV cannot be read: ${reason.replace(/\.$/, '')}.`,
      hint: 'Send the names of the columns in the first line, then one line a row, as RFC 4180 writes them.',
    })
  }
}

/** Texts as they stand in a CSV; an empty cell is missing. */
export interface CsvTable {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly (string | null)[])[]
}

/** Reads a small CSV with a header, such as a request carries. @throws CsvUnreadable */
export function readCsv(text: string): CsvTable {
  let lines: string[][]
  try {
    lines = parse(text, { bom: true, skip_empty_lines: true, max_record_size: LARGEST_ROW, to: MOST_ROWS + 2 })
  } catch (error) {
    throw new CsvUnreadable((error as Error).message)
  }
  const [columns, ...rows] = lines
  if (!columns || rows.length === 0) throw new CsvUnreadable('there is no row in it')
  if (rows.length > MOST_ROWS) throw new CsvUnreadable(`it has more than ${MOST_ROWS} rows`)
  const twice = columns.find((name, i) => columns.indexOf(name) !== i)
  if (twice !== undefined) throw new CsvUnreadable(`the column "${twice.slice(0, 100)}" is there twice`)
  return { columns, rows: rows.map((row) => row.map((cell) => (cell === '' ? null : cell))) }
}
