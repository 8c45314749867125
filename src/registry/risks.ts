import type { EvaluationReport } from '#evaluation/contract'
import type { StagingReport } from './certificate.contract.ts'
import type { PackagedVersion } from './entities.contract.ts'

/** By the four-fifths rule of the US Uniform Guidelines on Employee Selection Procedures (1978). */
const LEAST_IMPACT = 0.8
/** A feature that carries most of the answers is a single point of failure. */
const LARGEST_SHARE = 0.6
const MOST_FLIPS = 0.1

/** What a reader should know before signing, in words, worst first. */
export function risksOf(
  version: PackagedVersion,
  report: EvaluationReport | null,
  staging: StagingReport | null,
): string[] {
  return [
    ...ofGates(version),
    ...ofStaging(staging),
    ...ofComparison(version),
    ...(report ? ofReport(report) : ['It was not judged on any rows here: nothing is known of its quality.']),
    ...ofImportance(version),
    ...ofLineage(version),
    ...(report?.warnings ?? []),
  ]
}

function ofGates({ gates }: PackagedVersion): string[] {
  if (gates.length === 0) return ['No gate has judged it.']
  return gates
    .filter(({ passed, pending }) => !passed && !pending)
    .map(({ condition, explanation }) => `The gate ${condition} did not pass: ${explanation}.`)
}

function ofStaging(staging: StagingReport | null): string[] {
  if (!staging) return ['It has not been checked in staging yet.']
  const failed = staging.checks.filter(({ passed }) => !passed).map(({ explanation }) => explanation)
  return staging.load ? failed : [...failed, 'It was not measured under load.']
}

function ofComparison({ comparison }: PackagedVersion): string[] {
  if (!comparison) return ['There was no champion to compare it with on the same rows.']
  const { improvement } = comparison
  if (improvement?.verdict !== 'worse') return []
  return [`It is worse than v${comparison.version} on the same rows: ${comparison.explanation}`]
}

function ofReport({ fairness, robustness, segments, metric }: EvaluationReport): string[] {
  const unfair = fairness.flatMap(({ column, disparateImpact }) =>
    disparateImpact && disparateImpact.value < LEAST_IMPACT
      ? [
          `Groups of ${column} are chosen unequally: disparate impact ${disparateImpact.value.toFixed(2)}, below ${LEAST_IMPACT}.`,
        ]
      : [],
  )
  const flips = robustness?.flipsUnderNoise ?? 0
  const worst = segments?.worst
  return [
    ...unfair,
    ...(flips > MOST_FLIPS ? [`Small noise changes ${Math.round(flips * 100)} % of its decisions.`] : []),
    ...(worst ? [`It is weakest by ${metric} where ${worst.column} is ${worst.segment} (${worst.n} rows).`] : []),
  ]
}

function ofImportance({ importance }: PackagedVersion): string[] {
  const [first] = [...importance].sort((a, b) => b.share - a.share)
  if (!first) return ['What its answers rest on is not known.']
  if (first.share <= LARGEST_SHARE) return []
  return [`${Math.round(first.share * 100)} % of its answers rest on ${first.feature} alone.`]
}

function ofLineage({ code, dataVersion }: PackagedVersion): string[] {
  return [
    ...(code?.dirty ? ['It was made from code with uncommitted changes.'] : []),
    ...(dataVersion === null ? ['The version of its training data is not known.'] : []),
  ]
}
