import type { Frame } from '#platform/table'
import type { Chance } from './chance.ts'
import { changesBetween, reshaped } from './changes.ts'
import type { Change, Distribution, DriftReport, FeatureDrift, FeatureHistogram } from './contract.ts'
import {
  chiSquareP,
  jensenShannon,
  kolmogorovSmirnov,
  occupiedBins,
  populationStabilityIndex,
  psiNoise,
} from './distance.ts'
import type { Values } from './scored.ts'

export interface DriftOptions {
  /** Chance of one false finding among all features together; 0.01 unless told. */
  readonly tail?: number
  /**
   * How many rows are worth one independent row. Rows in time order repeat each other (a day of half-hours is not 48
   * witnesses of a price level), and noise is larger by this factor; 1 unless told.
   */
  readonly designEffect?: number
}

// The industry's rule of thumb (Siddiqi 2006), here above the PSI that noise alone gives.
const MODERATE = 0.1
const LARGE = 0.25

/**
 * How the columns of `current` differ from those of `reference`, counted in the same bins (`distributionOf`). A feature
 * has drifted when its PSI is past what chance gives (all features together, so more features do not mean more false
 * alarms) and by enough to matter. A column that `current` lacks counts as all missing.
 */
export function compareDistributions(
  reference: Distribution,
  current: Distribution,
  options: DriftOptions = {},
): DriftReport {
  const chance: Chance = {
    tail: (options.tail ?? 0.01) / Math.max(1, reference.features.length),
    designEffect: options.designEffect ?? 1,
  }
  const features = reference.features.map((before) => {
    const now = current.features.find((feature) => feature.name === before.name)
    return now ? compareFeature(before, now, chance) : goneFeature(before, current.rows, chance)
  })
  const excess = (feature: FeatureDrift) => feature.psi - feature.noise.expected
  return {
    referenceRows: reference.rows,
    currentRows: current.rows,
    features: features.sort((a, b) => excess(b) - excess(a)),
  }
}

function compareFeature(reference: FeatureHistogram, current: FeatureHistogram, chance: Chance): FeatureDrift {
  const empty = reference.n === 0 || current.n === 0
  const psi = empty ? 0 : populationStabilityIndex(reference.counts, current.counts)
  const noise = empty
    ? { expected: 0, limit: 0 }
    : psiNoise(
        occupiedBins(reference.counts, current.counts),
        reference.n / chance.designEffect,
        current.n / chance.designEffect,
        chance.tail,
      )
  const severity = severityOf(psi, noise)
  const told = changesBetween(reference, current, chance)
  const changes = severity !== 'none' && told.length === 0 ? [reshaped(reference, current)] : told
  return {
    name: reference.name,
    kind: reference.kind,
    psi,
    noise,
    jensenShannon: empty ? 0 : jensenShannon(reference.counts, current.counts),
    kolmogorovSmirnov: reference.kind === 'numeric' ? gapOfValues(reference, current) : null,
    pValue: empty ? 1 : chiSquareP(reference.counts, current.counts, chance.designEffect),
    severity,
    changes,
    description: describe(changes),
  }
}

function gapOfValues(reference: FeatureHistogram, current: FeatureHistogram): number | null {
  const gap = kolmogorovSmirnov(reference.counts.slice(0, -1), current.counts.slice(0, -1))
  return Number.isNaN(gap) ? null : gap
}

function goneFeature(reference: FeatureHistogram, rows: number, chance: Chance): FeatureDrift {
  const counts = reference.counts.map((_, bin) => (bin === reference.counts.length - 1 ? rows : 0))
  const allMissing = { ...reference, n: rows, counts }
  const gone: Change = { kind: 'gone', from: 1, to: 0, text: 'the column is gone, or of another kind' }
  const drift = compareFeature(reference, allMissing, chance)
  return { ...drift, kolmogorovSmirnov: null, changes: [gone], description: gone.text }
}

function severityOf(psi: number, noise: { expected: number; limit: number }): FeatureDrift['severity'] {
  const excess = psi - noise.expected
  if (psi <= noise.limit || excess < MODERATE) return 'none'
  return excess >= LARGE ? 'large' : 'moderate'
}

function describe(changes: readonly Change[]): string {
  return changes.length > 0 ? changes.map((change) => change.text).join('; ') : 'no change to speak of'
}

/** A model's scores as a frame of one column, so that the answers are watched as any feature is. */
export function scoreFrame(scores: Values, name = 'score'): Frame {
  return { rows: scores.length, columns: [{ name, kind: 'numeric', values: scores }] }
}
