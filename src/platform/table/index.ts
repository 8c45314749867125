/**
 * A table in memory, column by column: what the trainer, the evaluation and the monitors compute on.
 * Small and plain on purpose: no file format, no I/O. `#data` reads one from a dataset version.
 */

/** Numbers; `NaN` is a missing value. `values.length` equals the frame's `rows`. */
export interface NumericColumn {
  readonly name: string
  readonly kind: 'numeric'
  readonly values: Float64Array
}

/** Text or booleans as codes into `categories`; code `-1` is a missing value. */
export interface CategoricalColumn {
  readonly name: string
  readonly kind: 'categorical'
  readonly codes: Int32Array
  readonly categories: readonly string[]
}

export type Column = NumericColumn | CategoricalColumn

export interface Frame {
  readonly rows: number
  readonly columns: readonly Column[]
}

/** The rows at `indices`, in that order (repeats allowed, as in a bootstrap). */
export function takeRows(frame: Frame, indices: ArrayLike<number>): Frame {
  return { rows: indices.length, columns: frame.columns.map((column) => takeColumn(column, indices)) }
}

function takeColumn(column: Column, indices: ArrayLike<number>): Column {
  const n = indices.length
  if (column.kind === 'numeric') {
    const values = new Float64Array(n)
    for (let i = 0; i < n; i++) values[i] = column.values[indices[i]!]!
    return { name: column.name, kind: 'numeric', values }
  }
  const codes = new Int32Array(n)
  for (let i = 0; i < n; i++) codes[i] = column.codes[indices[i]!]!
  return { name: column.name, kind: 'categorical', codes, categories: column.categories }
}

/** The column called `name`, or `undefined`. */
export function columnNamed(frame: Frame, name: string): Column | undefined {
  return frame.columns.find((column) => column.name === name)
}

/** The frame with only the columns in `names`, in that order; a name that is absent is an error. */
export function selectColumns(frame: Frame, names: readonly string[]): Frame {
  const columns = names.map((name) => {
    const column = columnNamed(frame, name)
    if (!column) throw new RangeError(`no column "${name}"; there are ${frame.columns.map((c) => c.name).join(', ')}`)
    return column
  })
  return { rows: frame.rows, columns }
}
