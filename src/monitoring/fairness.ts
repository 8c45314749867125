import { type FairnessReport, fairnessOf } from '#evaluation'
import type { FairnessContext } from '#projects'
import { frameOfNamed } from './frame.ts'
import type { LabelledRows } from './labelled-rows.ts'
import { withError } from './quality.ts'
import type { VersionFacts } from './versions.ts'

export interface MeasuredFairness {
  /** Disparate impact by column. */
  readonly shown: Record<string, number>
  readonly reports: readonly FairnessReport[]
  readonly context: FairnessContext
}

/** How the answers treat the groups of each column; a column that the requests do not carry cannot be looked at. */
export function measureFairness(
  labelled: LabelledRows,
  { signature }: VersionFacts,
  columns: readonly string[],
): MeasuredFairness {
  const frame = frameOfNamed(labelled.rows, columns)
  const reports = fairnessOf(
    signature.task,
    labelled.truth,
    labelled.served,
    frame,
    frame.columns.map(({ name }) => name),
  )
  const impacts = reports.flatMap(({ disparateImpact }) => disparateImpact ?? [])
  const lowest = impacts.reduce<(typeof impacts)[number] | undefined>(
    (least, impact) => (least === undefined || impact.value < least.value ? impact : least),
    undefined,
  )
  const gap = (name: string) => {
    const gaps = reports.flatMap(({ differences }) => differences[name] ?? [])
    return gaps.length > 0 ? Math.max(...gaps) : null
  }
  return {
    shown: Object.fromEntries(
      reports.flatMap(({ column, disparateImpact }) => (disparateImpact ? [[column, disparateImpact.value]] : [])),
    ),
    reports,
    context: {
      disparate_impact: lowest && withError(lowest),
      demographic_parity: gap('demographic_parity'),
      equal_opportunity: gap('equal_opportunity'),
      equalised_odds: gap('equalised_odds'),
      labels: labelled.rows.length,
    },
  }
}
