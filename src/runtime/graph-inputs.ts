import type { GraphInput, Signature } from './contract.ts'
import type { EncodedRows, FeatureColumn } from './records.ts'
import type { Tensor } from './tensor.ts'

/** The inputs that a graph must have: those the signature binds, or one per feature. */
export function expectedInputs({ features, graph }: Signature): readonly GraphInput[] {
  return (
    graph?.inputs ??
    features.map(({ name, kind }) => ({ name, type: kind === 'numeric' ? 'float32' : 'string', features: [name] }))
  )
}

/** The datatype of an input in the words of the Open Inference Protocol. */
export const DATATYPE_OF_INPUT = {
  float32: 'FP32',
  float64: 'FP64',
  int64: 'INT64',
  bool: 'BOOL',
  string: 'BYTES',
} as const satisfies Record<GraphInput['type'], Tensor['datatype']>

/** The columns of an input side by side, in the type that the graph asks for. */
export function inputTensor(
  { type, features }: GraphInput,
  { rows, columns }: EncodedRows,
  placeOf: ReadonlyMap<string, number>,
): Tensor {
  const shape = [rows, features.length]
  const taken = features.map((name) => columns[placeOf.get(name)!]!)
  const [only] = taken
  const cells = rows * taken.length
  if (type === 'string') {
    if (taken.length === 1 && Array.isArray(only)) return { datatype: 'BYTES', shape, data: only }
    return { datatype: 'BYTES', shape, data: sideBySide(taken, rows, new Array<string>(cells), String) }
  }
  if (type === 'float32') {
    if (taken.length === 1 && only instanceof Float32Array) return { datatype: 'FP32', shape, data: only }
    return { datatype: 'FP32', shape, data: sideBySide(taken, rows, new Float32Array(cells), numberOf) }
  }
  if (type === 'float64')
    return { datatype: 'FP64', shape, data: sideBySide(taken, rows, new Float64Array(cells), numberOf) }
  if (type === 'int64') {
    const whole = (cell: number | string) => BigInt(Math.round(numberOf(cell)) || 0)
    return { datatype: 'INT64', shape, data: sideBySide(taken, rows, new BigInt64Array(cells), whole) }
  }
  const truth = (cell: number | string): number => (numberOf(cell) === 1 ? 1 : 0)
  return { datatype: 'BOOL', shape, data: sideBySide(taken, rows, new Uint8Array(cells), truth) }
}

function sideBySide<Cells extends { [index: number]: Cell }, Cell>(
  columns: readonly FeatureColumn[],
  rows: number,
  cells: Cells,
  cellOf: (value: number | string) => Cell,
): Cells {
  const width = columns.length
  for (let c = 0; c < width; c++) {
    const column = columns[c]!
    for (let r = 0; r < rows; r++) cells[r * width + c] = cellOf(column[r]!)
  }
  return cells
}

/** Truth values are categories by their text; a graph that computes with them takes 1 and 0. */
function numberOf(cell: number | string): number {
  if (typeof cell === 'number') return cell
  if (cell === 'true') return 1
  return cell === 'false' ? 0 : Number.NaN
}
