import type { Cell, WorldRow } from './world.ts'

/** RFC 4180 with LF line ends; about 64 KiB of text a chunk. A missing value is an empty field. */
export function* writeCsv(columns: readonly string[], rows: Iterable<WorldRow>): Generator<string> {
  let chunk = `${columns.map(field).join(',')}\n`
  for (const row of rows) {
    chunk += `${columns.map((name) => field(row[name] ?? null)).join(',')}\n`
    if (chunk.length >= 65_536) {
      yield chunk
      chunk = ''
    }
  }
  if (chunk) yield chunk
}

function field(cell: Cell): string {
  if (cell === null) return ''
  if (typeof cell === 'number') return String(cell)
  // An empty text is quoted, so that it stays apart from a missing value for readers that care.
  return cell === '' || /[",\n\r]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell
}
