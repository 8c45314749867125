import type { Column, Frame } from '#platform/table'
import type { ServedRow } from './recent-rows.ts'

/** The inputs of served rows as columns. A column that no row sent is left out; a value not sent is missing. */
export function frameOf(
  rows: readonly ServedRow[],
  columns: readonly { readonly name: string; readonly kind: 'numeric' | 'categorical' }[],
): Frame {
  return {
    rows: rows.length,
    columns: columns
      .filter(({ name }) => rows.some((row) => row.inputs[name] !== undefined))
      .map(({ name, kind }) => (kind === 'numeric' ? numericColumn(rows, name) : categoricalColumn(rows, name))),
  }
}

function numericColumn(rows: readonly ServedRow[], name: string): Column {
  const values = new Float64Array(rows.length)
  for (let i = 0; i < rows.length; i++) {
    const value = rows[i]!.inputs[name]
    values[i] = typeof value === 'number' ? value : Number.NaN
  }
  return { name, kind: 'numeric', values }
}

/** Numbers and truth values are categories by their text, as they are when a table is read. */
function categoricalColumn(rows: readonly ServedRow[], name: string): Column {
  const codeOf = new Map<string, number>()
  const codes = Int32Array.from(rows, ({ inputs }) => {
    const value = inputs[name]
    if (value === null || value === undefined || value === '') return -1
    const text = String(value)
    const code = codeOf.get(text) ?? codeOf.size
    codeOf.set(text, code)
    return code
  })
  return { name, kind: 'categorical', codes, categories: [...codeOf.keys()] }
}

/** The columns called `names`, each numeric when every value sent for it is a number. */
export function frameOfNamed(rows: readonly ServedRow[], names: readonly string[]): Frame {
  return frameOf(
    rows,
    names.map((name) => ({
      name,
      kind: rows.every(({ inputs }) => inputs[name] == null || typeof inputs[name] === 'number')
        ? 'numeric'
        : 'categorical',
    })),
  )
}
