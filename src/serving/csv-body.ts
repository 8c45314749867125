import { readCsv } from '#platform/csv'
import type { PredictionRecord } from '#runtime'
import type { Signature } from '#registry/contract'

/**
 * The records of a CSV: a row each, numbers where the signature has a number. What is none stays the text that it is, for the
 * signature to refuse; an empty cell is missing.
 *
 * @throws CsvUnreadable
 */
export function csvBody(body: Buffer, { features }: Pick<Signature, 'features'>): PredictionRecord[] {
  const { columns, rows } = readCsv(body.toString('utf8'))
  const numeric = new Set(features.filter(({ kind }) => kind === 'numeric').map(({ name }) => name))
  const cells = columns.map((name) => (numeric.has(name) ? numberOrText : asWritten))
  return rows.map((row) => Object.fromEntries(columns.map((name, c) => [name, cells[c]!(row[c]!)])))
}

const asWritten = (cell: string | null) => cell

function numberOrText(cell: string | null): string | number | null {
  return cell !== null && cell.trim() !== '' && Number.isFinite(Number(cell)) ? Number(cell) : cell
}
