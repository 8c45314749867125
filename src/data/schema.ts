import type { ColumnSchema, ColumnType, DatasetSpec, TableSchema } from './contract.ts'
import type { ColumnFacts } from './column-facts.ts'

/** Below so many rows, values that all differ are no sign of an identifier. */
const FEWEST_ROWS = 50
/** A few repetitions are a mistake in an identifier, not a category. */
const NEARLY_ALL = 0.95

/** The schema of a stored table. A type that was declared, or that the last version had, is kept. */
export function schemaOf(
  facts: readonly ColumnFacts[],
  rows: number,
  spec: DatasetSpec,
  previous: TableSchema | undefined,
): TableSchema {
  const columns = facts.map((column): ColumnSchema => {
    const before = previous?.columns.find((one) => one.name === column.name)?.type
    const missing = rows - column.present
    const constant = column.present === 0 || (column.different === 1 && missing === 0)
    return { name: column.name, type: typeOf(column, rows, spec, before), missing, integer: column.integer, constant }
  })
  return { columns }
}

function typeOf(column: ColumnFacts, rows: number, spec: DatasetSpec, before: ColumnType | undefined): ColumnType {
  if (column.name === spec.id) return 'identifier'
  if (column.stored === 'time') return 'timestamp'
  const plain = column.stored === 'number' ? 'numeric' : 'categorical'
  const spokenFor = column.name === spec.label || spec.time?.includes(column.name) || spec.columns?.[column.name]?.type
  if (spokenFor) return plain
  if (before === 'identifier' || before === plain) return before
  return looksLikeIdentifier(column, rows) ? 'identifier' : plain
}

/** Text that is different in nearly every row, or whole numbers that count the rows without a gap. */
function looksLikeIdentifier({ stored, present, different, integer, min, max }: ColumnFacts, rows: number): boolean {
  if (rows < FEWEST_ROWS || present < rows / 2 || different === null || different < NEARLY_ALL * present) return false
  return stored === 'text' || (integer && present === rows && max! - min! + 1 === rows)
}

/** The columns that a model may learn from: numbers and categories that are not set aside for something else. */
export function featureColumns(
  schema: TableSchema,
  spec: { label?: string | undefined; id?: string | undefined; ignore?: readonly string[] | undefined },
): string[] {
  const aside = new Set([spec.label, spec.id, ...(spec.ignore ?? [])])
  return schema.columns
    .filter((column) => column.type === 'numeric' || column.type === 'categorical')
    .map((column) => column.name)
    .filter((column) => !aside.has(column))
}
