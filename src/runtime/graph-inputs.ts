import type * as Ort from 'onnxruntime-node'
import type { GraphInput, Signature } from './contract.ts'
import type { EncodedRows, FeatureColumn } from './records.ts'

/** The inputs that a graph must have: those the signature binds, or one per feature. */
export function expectedInputs({ features, graph }: Signature): readonly GraphInput[] {
  return (
    graph?.inputs ??
    features.map(({ name, kind }) => ({ name, type: kind === 'numeric' ? 'float32' : 'string', features: [name] }))
  )
}

/** The columns of an input side by side, in the type that the graph asks for. */
export function inputTensor(
  { Tensor }: typeof Ort,
  { type, features }: GraphInput,
  { rows, columns }: EncodedRows,
  placeOf: ReadonlyMap<string, number>,
): Ort.Tensor {
  const dims = [rows, features.length]
  const taken = features.map((name) => columns[placeOf.get(name)!]!)
  const [only] = taken
  if (type === 'string') {
    if (taken.length === 1 && Array.isArray(only)) return new Tensor('string', only, dims)
    return new Tensor('string', sideBySide(taken, rows, new Array<string>(rows * taken.length), String), dims)
  }
  if (type === 'float32') {
    if (taken.length === 1 && only instanceof Float32Array) return new Tensor('float32', only, dims)
    return new Tensor('float32', sideBySide(taken, rows, new Float32Array(rows * taken.length), numberOf), dims)
  }
  if (type === 'float64')
    return new Tensor('float64', sideBySide(taken, rows, new Float64Array(rows * taken.length), numberOf), dims)
  if (type === 'int64') {
    const whole = (cell: number | string) => BigInt(Math.round(numberOf(cell)) || 0)
    return new Tensor('int64', sideBySide(taken, rows, new BigInt64Array(rows * taken.length), whole), dims)
  }
  const truth = (cell: number | string): number => (numberOf(cell) === 1 ? 1 : 0)
  return new Tensor('bool', sideBySide(taken, rows, new Uint8Array(rows * taken.length), truth), dims)
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
