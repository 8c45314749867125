import { compareDistributions, costOfDrift, distributionOf, type FeatureCost, type FeatureDrift } from '#evaluation'
import type { DriftContext } from '#projects'
import type { FeatureMove, MonitorPoint } from './contract.ts'
import { frameOf } from './frame.ts'
import type { ServedRow } from './recent-rows.ts'
import type { ChampionFacts } from './versions.ts'

export interface MeasuredDrift {
  readonly shown: NonNullable<MonitorPoint['drift']>
  /** The features that moved beyond what chance does, and by enough to matter; the one that moved most first. */
  readonly moved: readonly FeatureMove[]
  /** Estimated rise of the loss per row. */
  readonly cost: number | null
  readonly context: DriftContext
}

/** Features of a point; those that moved most. A table of a thousand columns would make every point a megabyte. */
const MOST_SHOWN = 20

/** One-sided 2.5 %: a cost that chance explains is none, or few held-back rows would raise an alarm a week. */
const Z = 1.96

/** How the inputs of the window differ from the champion's training data; `undefined` where there is nothing to compare. */
export function measureDrift(
  rows: readonly ServedRow[],
  { signature, baseline, profile }: ChampionFacts,
  redacted: readonly string[],
): MeasuredDrift | undefined {
  if (!baseline || rows.length === 0) return undefined
  const watched = { ...baseline, features: baseline.features.filter(({ name }) => !redacted.includes(name)) }
  const current = distributionOf(frameOf(rows, signature.features), watched)
  const { features } = compareDistributions(watched, current)
  const costs = new Map(profile && costOfDrift(profile, current).map((cost) => [cost.name, cost]))
  const toMove = (feature: FeatureDrift): FeatureMove => ({
    feature: feature.name,
    psi: feature.psi,
    noise: feature.noise.expected,
    change: feature.description,
    cost: costs.get(feature.name)?.cost ?? null,
  })
  const drifted = features.filter((feature) => feature.severity !== 'none')
  const most = drifted[0]
  const cost = profile ? costOfMoves(drifted.flatMap(({ name }) => costs.get(name) ?? [])) : null
  return {
    shown: { score: features[0]?.psi ?? 0, features: features.slice(0, MOST_SHOWN).map(toMove) },
    moved: drifted.map(toMove),
    cost,
    context: {
      psi: most?.psi ?? 0,
      noise: most?.noise.expected ?? 0,
      features: drifted.length,
      rows: rows.length,
      cost: { estimated: cost },
    },
  }
}

/** The largest of the costs that chance does not explain: features that move together must not be added up. */
function costOfMoves(costs: readonly FeatureCost[]): number {
  return costs.reduce((most, { cost, standardError }) => (cost > Z * standardError ? Math.max(most, cost) : most), 0)
}
