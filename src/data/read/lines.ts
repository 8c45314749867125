import { createReadStream } from 'node:fs'

const NEWLINE = 10
const RETURN = 13
const QUOTE = 34

/**
 * The line, from 1, on which the record with number `record` (from 1, the header not counted) begins. Lines and
 * records differ where quoted cells hold line breaks, and where lines are blank. Only for messages: it reads the file
 * byte by byte.
 */
export async function lineOfRecord(path: string, delimiter: string, columns: number, record: number): Promise<number> {
  const separator = delimiter.charCodeAt(0)
  let line = 1
  let startedOn = 1
  let records = -1
  let quoted = false
  let cellStart = true
  let blank = true
  let previous = 0
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    for (const byte of chunk) {
      const breaks = byte === NEWLINE ? previous !== RETURN : byte === RETURN
      if (!quoted && (byte === NEWLINE || byte === RETURN)) {
        if (breaks) {
          // A blank line is a row only where a row may be one empty cell.
          if (!blank || columns === 1) records++
          if (records === record) return startedOn
          line++
          startedOn = line
        } else startedOn = line
        cellStart = true
        blank = true
      } else {
        if (breaks && quoted) line++
        if (byte === QUOTE) {
          // Two in a row are one quote inside a cell: the second takes back that the first closed it.
          if (quoted || cellStart || previous === QUOTE) quoted = !quoted
          cellStart = false
        } else cellStart = !quoted && byte === separator
        blank = false
      }
      previous = byte
    }
  }
  return startedOn
}
