import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ingestTable, readFrame } from '#data'
import type { DatasetSpec } from '#data/contract'
import { HAS_PYTHON, pythonOf } from '../support/python.ts'

const LOCK = fileURLToPath(new URL('formats.lock', import.meta.url))
const WRITER = fileURLToPath(new URL('write_formats.py', import.meta.url))

let folder: string
let targets = 0
const read = (source: string, spec: Partial<DatasetSpec> = {}) =>
  ingestTable({ spec: { ...spec, source }, folder, target: join(folder, `out-${targets++}`) })
const code = (part: string) => ({ code: `ORRERY_DATA_${part}`, hint: expect.stringMatching(/\w+ .*[.]$/) })

/** A column's cells: numbers, or text. */
async function cells(parquetPath: string, column: string): Promise<(number | string | null)[]> {
  const { frame } = await readFrame(parquetPath, { columns: [column] })
  const one = frame.columns[0]!
  if (one.kind === 'numeric') return [...one.values].map((value) => (Number.isNaN(value) ? null : value))
  return [...one.codes].map((at) => one.categories[at] ?? null)
}

describe.skipIf(!HAS_PYTHON)('tables that other programs wrote', { timeout: 120_000 }, () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'orrery-formats-'))
    const { env } = await pythonOf(LOCK)
    execFileSync('python', [WRITER, folder], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  }, 600_000)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('a sheet of a workbook made by hand: dates, times, codes, booleans, gaps, quotes and line breaks', async () => {
    const { rows, schema, parquetPath, source } = await read('hand.xlsx', { sheet: 'orders & more', time: ['when'] })
    expect(rows).toBe(60)
    expect(schema.columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'id identifier',
      'amount numeric',
      'when timestamp',
      'day timestamp',
      'at identifier',
      'code identifier',
      'paid categorical',
      'column_8 categorical',
      'note categorical',
    ])
    expect((await cells(parquetPath, 'amount')).slice(0, 3)).toEqual([0, 0.1, 0.2])
    expect((await cells(parquetPath, 'code')).slice(0, 2)).toEqual(['00000', '00001'])
    expect((await cells(parquetPath, 'at')).slice(0, 2)).toEqual(['09:00:30', '09:01:30'])
    expect((await cells(parquetPath, 'paid')).slice(0, 2)).toEqual(['true', 'false'])
    expect((await cells(parquetPath, 'note')).slice(0, 5)).toEqual([
      'plain',
      'with "quotes", commas',
      'two\nlines',
      '<&> é 😀',
      null,
    ])
    const { time } = await readFrame(parquetPath, { columns: [], time: ['when'] })
    expect([time![0], time![59]]).toEqual([Date.UTC(2024, 0, 1, 12, 30, 15), Date.UTC(2024, 1, 29, 12, 30, 15)])
    expect(source).toMatchObject({ kind: 'files', files: [{ name: 'hand.xlsx' }] })
  })

  it('formulas are the values they had, errors are missing, the calendar of old Macs is read', async () => {
    const { parquetPath, schema } = await read('formulas.xlsx')
    expect((await cells(parquetPath, 'twice')).slice(0, 3)).toEqual([2, 4, 6])
    expect((await cells(parquetPath, 'a')).slice(0, 2)).toEqual(['text 1', 'text 2'])
    expect(schema.columns.find(({ name }) => name === 'error')!.missing).toBe(20)
    const { time } = await readFrame(parquetPath, { columns: [], time: ['when'] })
    expect(time![0]).toBe(Date.UTC(2024, 2, 1, 6))
  })

  it.each([
    ['hand.xlsx', { sheet: 'sales' }, 'SHEET_UNKNOWN', 'there are "notes", "orders & more"'],
    ['nothing.xlsx', {}, 'TABLE_EMPTY', 'nothing on the sheet "Sheet"'],
    ['header-only.xlsx', {}, 'TABLE_EMPTY', ''],
    ['repeated.xlsx', {}, 'COLUMNS_DUPLICATE', '"x"'],
    ['ragged.xlsx', {}, 'ROW_RAGGED', 'row 3 of ragged.xlsx'],
    ['wide.xlsx', {}, 'TOO_MANY_COLUMNS', '5,000 columns'],
    ['cut.xlsx', {}, 'SPREADSHEET_BROKEN', ''],
    ['plain.zip', {}, 'FORMAT_UNKNOWN', 'is a zip archive'],
    ['no-sheet.xlsx', { sheet: 'orders & more' }, 'SPREADSHEET_BROKEN', 'it lacks'],
    ['torn.xlsx', { sheet: 'orders & more' }, 'SPREADSHEET_BROKEN', ''],
    ['entities.xlsx', { sheet: 'orders & more' }, 'SPREADSHEET_BROKEN', 'entity'],
    ['bomb.xlsx', { sheet: 'orders & more' }, 'UNPACKED_TOO_LARGE', 'kB become more than 400 MB'],
    ['lying.xlsx', { sheet: 'orders & more' }, 'SPREADSHEET_BROKEN', ''],
    ['cut.feather', {}, 'ARROW_BROKEN', ''],
    ['cut.arrows', {}, 'ARROW_BROKEN', ''],
    ['noise.arrow', {}, 'ARROW_BROKEN', ''],
    ['nested.feather', {}, 'COLUMN_UNSUPPORTED', '"list"'],
    ['empty.feather', {}, 'TABLE_EMPTY', ''],
    ['wide.feather', {}, 'TOO_MANY_COLUMNS', '5,000 columns'],
  ] as const)('%s %j is refused: %s', async (source, spec, part, message) => {
    await expect(read(source, spec)).rejects.toMatchObject({ ...code(part), message: expect.stringContaining(message) })
  })

  it.each(['lz4.feather', 'zstd.feather', 'plain.arrow', 'stream.arrows'])(
    '%s is the same table as its Parquet',
    async (source) => {
      const [arrow, parquet] = [await read(source), await read('same.parquet')]
      expect(arrow.schema).toEqual(parquet.schema)
      expect(arrow.contentHash).toBe(parquet.contentHash)
    },
  )

  it('columns of lists are left out where they are ignored', async () => {
    expect((await read('nested.feather', { ignore: ['list'] })).schema.columns).toHaveLength(12)
  })

  it('a truncated Parquet file is refused', async () => {
    const whole = readFileSync(join(folder, 'same.parquet'))
    writeFileSync(join(folder, 'cut.parquet'), whole.subarray(0, whole.length / 2))
    await expect(read('cut.parquet')).rejects.toMatchObject(code('PARQUET_BROKEN'))
  })
})
