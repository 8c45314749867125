import { asOrreryError } from '#platform/errors'
import {
  ColumnsDuplicate,
  HeaderMissing,
  RowRagged,
  SheetUnknown,
  SpreadsheetBroken,
  TableEmpty,
  TooManyColumns,
} from '../../errors.ts'
import { EXCEL, MAX_COLUMNS } from '../../limits.ts'
import type { SourceFile } from '../../sources/resolved.ts'
import { columnNames, headerProblem } from '../dialect.ts'
import { repeatedNames } from '../raw-table.ts'
import { writeSnapshot } from '../snapshot.ts'
import { type SheetRow, sheetRows } from './sheet-rows.ts'
import { readWorkbook } from './workbook.ts'
import { openParts } from './zip-parts.ts'

/**
 * Writes one sheet of a workbook as Parquet, every cell as text so that it is typed as a CSV's would be. The first row
 * that has a value names the columns.
 *
 * @param sheet by its name; the first one when absent
 * @throws SpreadsheetBroken, SheetUnknown, HeaderMissing, ColumnsDuplicate, TooManyColumns, RowRagged, TableEmpty,
 *   UnpackedTooLarge, FormatUnknown
 */
export async function readSheet(file: SourceFile, sheet: string | undefined, path: string): Promise<SourceFile> {
  const parts = await openParts(file)
  try {
    const workbook = await readWorkbook(parts)
    const names = workbook.sheets.map((one) => one.name)
    const chosen = sheet === undefined ? workbook.sheets[0] : workbook.sheets.find((one) => one.name === sheet)
    if (!chosen)
      throw sheet === undefined ? new TableEmpty(file.name, 'has no sheet') : new SheetUnknown(file.name, sheet, names)
    const rows = sheetRows(await parts.open(chosen.part, EXCEL.sheet), workbook)
    const first = await rows.next()
    if (first.done) throw new TableEmpty(file.name, `has nothing on the sheet "${chosen.name}"`)
    const header = headerOf(file, first.value)
    const columns = header.map((name) => ({ name, holds: 'text' as const }))
    return await writeSnapshot({ columns, rows: cellsOf(rows, header.length, file), path, file })
  } catch (error) {
    if (asOrreryError(error)) throw error
    const { message } = error as Error
    throw new SpreadsheetBroken(file.name, message.toLowerCase().replace(/\.$/, ''))
  } finally {
    parts.close()
  }
}

function headerOf(file: SourceFile, { cells }: SheetRow): string[] {
  const written = cells.map((cell) => cell ?? '')
  if (written.length > MAX_COLUMNS) throw new TooManyColumns(file.name, written.length, MAX_COLUMNS)
  const problem = headerProblem([written])
  if (problem) throw new HeaderMissing(file.name, problem)
  const names = columnNames(written)
  const repeated = repeatedNames(names)
  if (repeated.length > 0) throw new ColumnsDuplicate(file.name, repeated)
  return names
}

async function* cellsOf(rows: AsyncGenerator<SheetRow>, columns: number, file: SourceFile) {
  for await (const { cells, number } of rows) {
    if (cells.length > columns && cells.slice(columns).some((cell) => cell !== null))
      throw new RowRagged({ file: file.name, row: number }, columns, cells.length)
    yield cells
  }
}
