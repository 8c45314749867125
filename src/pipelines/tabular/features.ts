import type { ColumnSchema } from '#data/contract'
import type { DataSpec } from '#projects/contract'

/**
 * The columns a model may learn from: numbers and categories that are neither the label, nor the time, nor an identifier,
 * nor ignored. Constant columns stay: a feature that comes alive later is part of how the world changes.
 */
export function featureColumns(columns: readonly ColumnSchema[], set: DataSpec): string[] {
  const left = new Set([set.label, ...(set.id ? [set.id] : []), ...(set.time ?? []), ...set.ignore])
  return columns
    .filter(({ name, type }) => !left.has(name) && (type === 'numeric' || type === 'categorical'))
    .map(({ name }) => name)
}
