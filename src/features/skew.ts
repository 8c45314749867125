import type { SkewMeasure } from './contract.ts'
import type { ViewDefinition } from './definition.ts'
import { isBefore, type KeptRow, type OnlineRow, type OnlineStore } from './online-store.ts'

/**
 * How far the online store is from the data, on a sample of its entities. A pushed row that is of a later moment is ahead
 * of the data, which is what pushing is for; everything else that is not equal is skew.
 */
export function compareWithData(
  definition: Pick<ViewDefinition, 'columns'>,
  sample: readonly OnlineRow[],
  kept: ReadonlyMap<string, KeptRow>,
): Omit<SkewMeasure, 'measuredAt' | 'stale'> {
  const columns = new Map(definition.columns.map(({ name }) => [name, 0]))
  const counts = { equal: 0, ahead: 0, behind: 0, missing: 0, different: 0 }
  for (const row of sample) {
    const online = kept.get(row.entity)
    if (!online) counts.missing++
    else if (isBefore(row, online)) counts.ahead++
    else if (isBefore(online, row)) counts.behind++
    else {
      const differing = definition.columns.filter((_, c) => online.cells[c] !== row.cells[c])
      if (differing.length === 0) counts.equal++
      else counts.different++
      for (const { name } of differing) columns.set(name, columns.get(name)! + 1)
    }
  }
  const { behind, missing, different } = counts
  return {
    sampled: sample.length,
    ...counts,
    share: sample.length === 0 ? 0 : (behind + missing + different) / sample.length,
    columns: Object.fromEntries(columns),
  }
}

/** Reads what is kept for the entities of a sample and compares. */
export async function measureSkew(
  store: OnlineStore,
  version: number,
  definition: Pick<ViewDefinition, 'columns'>,
  sample: readonly OnlineRow[],
): Promise<Omit<SkewMeasure, 'measuredAt' | 'stale'>> {
  const wanted = sample.map(({ entity }) => ({ version, entity }))
  const kept = await store.get(wanted)
  return compareWithData(definition, sample, new Map(kept.map((row) => [row.entity, row])))
}
