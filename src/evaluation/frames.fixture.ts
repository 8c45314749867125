import type { CategoricalColumn, Column, Frame, NumericColumn } from '#platform/table'

/** Frames written out by hand. Used by tests only. */
export function numeric(name: string, values: ArrayLike<number>): NumericColumn {
  return { name, kind: 'numeric', values: Float64Array.from(values) }
}

/** A categorical column; `null` is missing. Categories are in order of appearance. */
export function categorical(name: string, values: readonly (string | null)[]): CategoricalColumn {
  const categories = [...new Set(values)].filter((value) => value !== null)
  const codes = Int32Array.from(values, (value) => (value === null ? -1 : categories.indexOf(value)))
  return { name, kind: 'categorical', codes, categories }
}

export function frameOf(...columns: Column[]): Frame {
  const first = columns[0]!
  return { rows: first.kind === 'numeric' ? first.values.length : first.codes.length, columns }
}
