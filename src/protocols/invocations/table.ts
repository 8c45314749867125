import { readCsv } from '#platform/csv'
import { OrreryError } from '#platform/errors'
import { type Column, parseJson } from '../oip/index.ts'

export class InvocationInvalid extends OrreryError {
  constructor(problem: string) {
    super({
      code: 'ORRERY_PROTOCOLS_INVOCATION_INVALID',
      status: 400,
      message: `The request cannot be read: ${problem}.`,
      hint: `Send a JSON object with exactly one of ${FORMATS.join(', ')}, or text/csv.`,
    })
  }
}

export class InvocationTypeUnknown extends OrreryError {
  constructor(type: string | undefined) {
    super({
      code: 'ORRERY_PROTOCOLS_INVOCATION_TYPE_UNKNOWN',
      status: 415,
      message: `The content type "${type?.slice(0, 100) ?? ''}" is not spoken here.`,
      hint: 'Send application/json or text/csv, in UTF-8.',
    })
  }
}

const FORMATS = ['dataframe_split', 'dataframe_records', 'instances', 'inputs'] as const

/** What is to be predicted: columns with names, or a nested array without. */
export type Invocation = (
  | { readonly columns: readonly Column[]; readonly array?: undefined }
  | { readonly columns?: undefined; readonly array: readonly unknown[] }
) & {
  /** Written as a data frame, so that it is answered row by row. */
  readonly isFrame: boolean
}

/**
 * A request as MLflow's scoring server takes it.
 *
 * @param isText whether a column of CSV holds texts, not numbers
 * @throws InvocationInvalid, InvocationTypeUnknown, CsvUnreadable
 */
export function readInvocation(
  type: string | undefined,
  body: Uint8Array,
  isText: (column: string) => boolean,
): Invocation {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8')
  switch (
    /^[^;]*/
      .exec(type ?? '')![0]
      .trim()
      .toLowerCase()
  ) {
    case 'text/csv': {
      const { columns, rows } = readCsv(text)
      return { columns: columns.map((name, c) => columnOfCsv(name, rows, c, isText(name))), isFrame: true }
    }
    case 'application/json':
      return fromJson(parseJson(text))
  }
  throw new InvocationTypeUnknown(type)
}

function columnOfCsv(name: string, rows: readonly (readonly (string | null)[])[], c: number, isText: boolean): Column {
  if (isText) return { name, values: rows.map((row) => row[c]) }
  // What is no number stays as it is: the signature refuses it, with its name and row.
  return { name, values: rows.map((row) => numberIn(row[c]!)) }
}

const numberIn = (cell: string | null) => (cell === null || Number.isNaN(Number(cell)) ? cell : Number(cell))

function fromJson(json: unknown): Invocation {
  if (!isObject(json)) throw new InvocationInvalid('it is no JSON object')
  const formats = FORMATS.filter((format) => Object.hasOwn(json, format))
  if (formats.length !== 1)
    throw new InvocationInvalid(`it has the fields ${Object.keys(json).slice(0, 10).join(', ')}`)
  const [format] = formats as [(typeof FORMATS)[number]]
  const data = json[format]
  if (format === 'dataframe_split') return fromSplit(data)
  if (format === 'inputs' && isObject(data)) {
    const columns = Object.entries(data).map(([name, values]) => ({ name, values: arrayOf(`inputs.${name}`, values) }))
    const rows = columns[0]?.values.length
    const other = columns.find(({ values }) => values.length !== rows)
    if (other) throw new InvocationInvalid(`"${other.name}" has ${other.values.length} rows beside ${rows}`)
    return { columns: someColumns(columns), isFrame: false }
  }
  const rows = arrayOf(format, data)
  if (rows.length === 0) throw new InvocationInvalid(`${format} is empty`)
  if (rows.every(isObject)) return { columns: fromRecords(rows), isFrame: format === 'dataframe_records' }
  if (format === 'dataframe_records') throw new InvocationInvalid('dataframe_records is no list of objects')
  return { array: rows, isFrame: false }
}

function fromSplit(data: unknown): Invocation {
  if (!isObject(data)) throw new InvocationInvalid('dataframe_split is no object')
  const rows = arrayOf('dataframe_split.data', data.data)
  if (rows.length === 0) throw new InvocationInvalid('dataframe_split.data is empty')
  if (data.columns === undefined) return { array: rows, isFrame: true }
  const names = arrayOf('dataframe_split.columns', data.columns).map(String)
  rows.forEach((row, r) => {
    if (!Array.isArray(row) || row.length !== names.length)
      throw new InvocationInvalid(`row ${r} of dataframe_split.data is not of ${names.length} values`)
  })
  const columns = names.map((name, c) => ({ name, values: rows.map((row) => (row as unknown[])[c]) }))
  return { columns: someColumns(columns), isFrame: true }
}

/** A column that a record leaves out is missing in it. */
function fromRecords(records: readonly Record<string, unknown>[]): Column[] {
  const names = new Set(records.flatMap((record) => Object.keys(record)))
  return someColumns([...names].map((name) => ({ name, values: records.map((record) => record[name] ?? null) })))
}

function someColumns(columns: Column[]): Column[] {
  if (columns.length === 0) throw new InvocationInvalid('there is no column in it')
  return columns
}

function arrayOf(what: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new InvocationInvalid(`${what} is no list`)
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
