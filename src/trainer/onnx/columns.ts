import type { GraphBuilder } from './graph.ts'

export type CellType = 'double' | 'bool' | 'integer' | 'text'

/** A column of a matrix in the graph. */
export interface Cell {
  readonly matrix: Matrix
  readonly at: number
}

export interface Matrix {
  /** Of its value. */
  readonly name: string
  readonly columns: number
  readonly type: CellType
  /** One row that stands for all. */
  readonly constant: boolean
  /** What is in it, where that is known before any row is: numbers or texts. */
  readonly known?: readonly (number | string)[]
}

/** Columns as they are prepared: float32 or string, as the model's own inputs would be. */
export interface PreparedColumns {
  /** One of them, [rows, 1]. */
  column(name: string): string
  /** Of one kind, side by side: [rows, columns]. */
  sideBySide(names: readonly string[]): string
}

/** Columns [rows, 1] that come in, or were made one by one. */
export const single = (name: string, type: CellType): Cell => ({
  matrix: { name, columns: 1, type, constant: false },
  at: 0,
})

export function constant(graph: GraphBuilder, value: number | string): Cell {
  const isText = typeof value === 'string'
  const name = isText ? graph.texts([value], [1, 1]) : graph.doubles([value], [1, 1])
  const known = [value]
  return { matrix: { name, columns: 1, type: isText ? 'text' : 'double', constant: true, known }, at: 0 }
}

/**
 * Puts columns side by side, in this order, with as few operators as there are matrices that they come from: what already
 * stands like that is taken as it is.
 */
export function together(graph: GraphBuilder, cells: readonly Cell[]): string {
  const known = cells.every((cell) => cell.matrix.known) && cells.map((cell) => cell.matrix.known![cell.at]!)
  if (known && known.length > 1)
    return typeof known[0] === 'string'
      ? graph.texts(known as string[], [1, known.length])
      : graph.doubles(known as number[], [1, known.length])
  const runs: { matrix: Matrix; from: number[] }[] = []
  for (const { matrix, at } of cells) {
    const last = runs.at(-1)
    if (last?.matrix === matrix) last.from.push(at)
    else runs.push({ matrix, from: [at] })
  }
  const matrices = [...new Set(runs.map((run) => run.matrix))]
  if (runs.length <= matrices.length)
    return besides(
      graph,
      runs.map(({ matrix, from }) => taken(graph, matrix, from)),
    )
  // In turns from several: all of them beside each other, and the columns picked from there.
  const starts = new Map<Matrix, number>()
  let width = 0
  for (const matrix of matrices) {
    starts.set(matrix, width)
    width += matrix.columns
  }
  const all = besides(
    graph,
    matrices.map((matrix) => matrix.name),
  )
  return gather(
    graph,
    all,
    cells.map(({ matrix, at }) => starts.get(matrix)! + at),
  )
}

function taken(graph: GraphBuilder, { name, columns }: Matrix, from: readonly number[]): string {
  const whole = from.length === columns && from.every((at, i) => at === i)
  return whole ? name : gather(graph, name, from)
}

const gather = (graph: GraphBuilder, from: string, columns: readonly number[]) =>
  graph.node('Gather', [from, graph.integers(columns)], { axis: 1 })

const besides = (graph: GraphBuilder, names: readonly string[]) =>
  names.length > 1 ? graph.node('Concat', names, { axis: 1 }) : names[0]!
