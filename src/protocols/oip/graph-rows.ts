import type { Tensor, Tensors } from '#runtime'
import type { TensorSpec } from '#runtime/contract'
import { halves } from './codec/datatypes.ts'
import { TensorDataInvalid } from './codec/errors.ts'
import { tensorFromJson } from './codec/json-data.ts'
import { checkedShape } from './codec/request.ts'

/** A column of a table: one value a row, which may be an array where a graph takes more than a number. */
export interface Column {
  readonly name: string
  readonly values: readonly unknown[]
}

/**
 * The tensors that columns are for a graph: each for the input of its name; or, for a graph of one input `[rows, n]`, n
 * columns side by side in their order.
 *
 * @throws TensorDataInvalid
 */
export function feedsFromColumns(inputs: readonly TensorSpec[], columns: readonly Column[]): Tensors {
  const byName = new Map(columns.map((column) => [column.name, column.values]))
  const [only] = inputs
  if (only && inputs.length === 1 && only.shape.length === 2 && !byName.has(only.name) && columns.length > 0) {
    const rows = columns[0]!.values.map((_, r) => columns.map(({ values }) => values[r]))
    return { [only.name]: tensorOf(only, rows) }
  }
  return Object.fromEntries(
    inputs.map((input) => {
      const values = byName.get(input.name)
      if (values) return [input.name, tensorOf(input, values)]
      throw new TensorDataInvalid(
        input.name,
        'it is missing',
        `Send ${inputs.map(({ name }) => `"${name}"`).join(', ')}, one value a row.`,
      )
    }),
  )
}

/** A tensor of nested arrays, whose shape is theirs; a column of numbers may stand for a matrix of one column. */
export function tensorOf({ name, datatype, shape: wanted }: TensorSpec, data: readonly unknown[]): Tensor {
  const shape: number[] = []
  for (let part: unknown = data; Array.isArray(part); part = part[0]) shape.push(part.length)
  const isColumn = shape.length === wanted.length - 1 && (wanted.at(-1) === 1 || wanted.at(-1) === -1)
  const whole = isColumn ? [...shape, 1] : shape
  const elements = checkedShape(name, datatype, whole)
  return tensorFromJson({ name, datatype, shape: whole, data: data.flat(shape.length - 1) }, elements)
}

/** What a tensor holds as nested arrays; whole numbers that no double holds are texts of their digits. */
export function nestedOf(tensor: Tensor): unknown {
  const values: readonly unknown[] =
    tensor.datatype === 'BYTES'
      ? tensor.data.map((text) => (typeof text === 'string' ? text : Buffer.from(text).toString()))
      : Array.from(
          tensor.datatype === 'FP16' ? halves(tensor.data) : (tensor.data as ArrayLike<number | bigint>),
          cellOf,
        )
  const cells = tensor.datatype === 'BOOL' ? values.map(Boolean) : values
  const nest = (dimension: number, from: number, size: number): unknown => {
    if (dimension === tensor.shape.length) return cells[from]
    const [count, step] = [tensor.shape[dimension]!, size / (tensor.shape[dimension]! || 1)]
    return Array.from({ length: count }, (_, i) => nest(dimension + 1, from + i * step, step))
  }
  return nest(0, 0, cells.length)
}

function cellOf(value: number | bigint): number | string {
  if (typeof value === 'number') return value
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
}

/** Answers row by row: of each output its part, or all of it where its first dimension is none of rows. */
export function rowsOfOutputs(outputs: Tensors, rows: number): Record<string, unknown>[] {
  const nested = Object.entries(outputs).map(([name, tensor]) => ({
    name,
    value: nestedOf(tensor),
    byRow: tensor.shape[0] === rows,
    isColumn: tensor.shape.length === 2 && tensor.shape[1] === 1,
  }))
  return Array.from({ length: rows }, (_, r) =>
    Object.fromEntries(
      nested.map(({ name, value, byRow, isColumn }) => {
        const part = byRow ? (value as unknown[])[r] : value
        return [name, byRow && isColumn ? (part as unknown[])[0] : part]
      }),
    ),
  )
}
