import type { CategoricalColumn, Column, Frame, NumericColumn } from '#platform/table'
import type { WorldRow } from './world.ts'

/**
 * The rows as a frame of `columns`, for the trainer and the evaluation. A column is numeric when all of its cells that
 * are there are numbers; otherwise categorical, its categories in the order in which they first occur.
 */
export function frameOf(rows: readonly WorldRow[], columns: readonly string[]): Frame {
  return { rows: rows.length, columns: columns.map((name) => columnOf(rows, name)) }
}

function columnOf(rows: readonly WorldRow[], name: string): Column {
  const numeric = rows.every((row) => (row[name] ?? null) === null || typeof row[name] === 'number')
  return numeric ? numericColumn(rows, name) : categoricalColumn(rows, name)
}

function numericColumn(rows: readonly WorldRow[], name: string): NumericColumn {
  const values = Float64Array.from(rows, (row) => (typeof row[name] === 'number' ? row[name] : Number.NaN))
  return { name, kind: 'numeric', values }
}

function categoricalColumn(rows: readonly WorldRow[], name: string): CategoricalColumn {
  const codeOf = new Map<string, number>()
  const codes = Int32Array.from(rows, (row) => {
    const cell = row[name] ?? null
    if (cell === null) return -1
    const text = String(cell)
    const code = codeOf.get(text) ?? codeOf.size
    codeOf.set(text, code)
    return code
  })
  return { name, kind: 'categorical', codes, categories: [...codeOf.keys()] }
}
