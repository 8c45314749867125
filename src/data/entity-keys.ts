import type { DatasetSpec } from './contract.ts'

/** Columns that are not even read before features are joined: those that features are found by are needed until then. */
export function ignoredBeforeJoin({ ignore = [] }: Pick<DatasetSpec, 'ignore'>, keys: readonly string[]): string[] {
  return ignore.filter((column) => !keys.includes(column))
}

/** Columns that are none of the model's after it: keys find features, and a model that learned from them would know its customers by name. */
export function ignoredAfterJoin(
  { ignore = [], id }: Pick<DatasetSpec, 'ignore' | 'id'>,
  keys: readonly string[],
): string[] {
  return [...new Set([...ignore, ...keys])].filter((column) => column !== id)
}
