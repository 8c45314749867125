import type { Readable } from 'node:stream'
import { timeText } from './dates.ts'
import type { Workbook } from './workbook.ts'
import { readXml } from './xml-rows.ts'

/** Excel's own limit. */
const MAX_COLUMN = 16_384

/** A row of a sheet with its number; cells are text, those without a value `null`. */
export interface SheetRow {
  number: number
  cells: (string | null)[]
}

/**
 * The rows of a sheet that have a value, as it is read. A formula is the value it had when the file was saved; an error
 * such as #N/A is no value.
 */
export function sheetRows(from: Readable, workbook: Workbook): AsyncGenerator<SheetRow> {
  let rows: SheetRow[] = []
  let row: SheetRow = { number: 0, cells: [] }
  let cell = { column: 0, type: 'n', style: 0 }
  let [value, inValue] = ['', false]
  return readXml(
    from,
    {
      open: (name, attributes) => {
        if (name === 'row') {
          row = { number: Number(attributes.r ?? row.number + 1), cells: [] }
          cell = { ...cell, column: 0 }
        }
        if (name === 'c') {
          const column = attributes.r === undefined ? cell.column + 1 : columnOf(attributes.r)
          cell = { column, type: attributes.t ?? 'n', style: Number(attributes.s ?? 0) }
          value = ''
        }
        inValue = name === 'v' || (name === 't' && cell.type === 'inlineStr')
      },
      text: (text) => {
        if (inValue) value += text
      },
      close: (name) => {
        if (name === 'v' || name === 't') inValue = false
        if (name === 'c') {
          if (cell.column > MAX_COLUMN) throw new RangeError(`it has a column ${cell.column}`)
          while (row.cells.length < cell.column) row.cells.push(null)
          row.cells[cell.column - 1] = cellText(value, cell, workbook)
        }
        if (name === 'row' && row.cells.some((one) => one !== null)) rows.push(row)
      },
    },
    () => {
      const collected = rows
      rows = []
      return collected
    },
  )
}

function cellText(value: string, { type, style }: { type: string; style: number }, workbook: Workbook): string | null {
  if (type === 'inlineStr' || type === 'str') return value === '' ? null : value
  if (value === '' || type === 'e') return null
  if (type === 's') return workbook.strings[Number(value)] || null
  if (type === 'b') return value === '1' ? 'true' : 'false'
  if (type === 'd') return value
  const number = Number(value)
  if (Number.isNaN(number)) return value
  return workbook.times[style] ? timeText(number, workbook.calendar) : String(number)
}

/** `AB12` is column 28. */
function columnOf(reference: string): number {
  let column = 0
  for (const letter of reference) {
    const place = letter.charCodeAt(0) - 64
    if (place < 1 || place > 26) break
    column = column * 26 + place
  }
  return column
}
