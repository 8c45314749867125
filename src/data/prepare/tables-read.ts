import { partsOfRecipe } from '#projects'
import type { PrepareStep } from '#projects/contract'
import type { DatasetSpec, SourceDescriptor } from '../contract.ts'
import { RecipeCircular } from '../errors.ts'

/** The rows of a data set, read: what steps that make rows may read of it. */
export interface KeptTable {
  path: string
  contentHash: string
  source: SourceDescriptor
  /** The data version that they are. */
  version?: string | undefined
}

/** The other data sets that the steps of a recipe may read: more than they do, never less. */
export function tablesRead(
  dataset: string,
  steps: readonly PrepareStep[],
  sets: Readonly<Record<string, DatasetSpec>>,
): string[] {
  return Object.keys(sets).filter((set) => set !== dataset && steps.some((step) => mentions(step, set)))
}

/** The same of a data set as the project has it. */
export const tablesOf = (dataset: string, sets: Readonly<Record<string, DatasetSpec>>): string[] =>
  tablesRead(dataset, partsOfRecipe(sets[dataset]?.prepare ?? []).table, sets)

/** All that a data set is made of: what its recipe reads, and what recipes of these do. */
export function madeOf(dataset: string, sets: Readonly<Record<string, DatasetSpec>>): Set<string> {
  const found = new Set<string>()
  const look = (set: string) => {
    for (const other of tablesOf(set, sets)) {
      if (found.has(other)) continue
      found.add(other)
      look(other)
    }
  }
  look(dataset)
  return found
}

function mentions(step: PrepareStep, set: string): boolean {
  if (step.join?.with === set) return true
  return step.sql !== undefined && new RegExp(`(^|\\W)${set}(\\W|$)`, 'i').test(step.sql)
}

/**
 * What joins say of a circle, the project file is told when it is read; what SQL reads shows here.
 *
 * @throws RecipeCircular
 */
export function refuseCircle(set: string, within: readonly string[]): void {
  if (within.includes(set)) throw new RecipeCircular([...within.slice(within.indexOf(set)), set])
}
