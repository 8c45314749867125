import type { CategoricalHistogram, Distribution, FeatureHistogram, NumericHistogram } from './contract.ts'
import { keptOthers, presentRows } from './histogram.ts'

/**
 * Two windows over the same baseline as one, as if their rows had been counted together, so that counts per hour add up
 * to any longer window.
 * @throws RangeError when they were not counted in the same bins
 */
export function mergeDistributions(a: Distribution, b: Distribution): Distribution {
  return {
    rows: a.rows + b.rows,
    features: a.features.flatMap((first) => {
      const second = b.features.find((feature) => feature.name === first.name)
      return second ? [mergeHistograms(first, second)] : []
    }),
  }
}

function mergeHistograms(a: FeatureHistogram, b: FeatureHistogram): FeatureHistogram {
  const together = { n: a.n + b.n, counts: a.counts.map((count, i) => count + b.counts[i]!) }
  if (a.kind === 'numeric' && b.kind === 'numeric' && sameValues(a.edges, b.edges)) {
    return { ...a, ...together, ...mergeMoments(a, b) }
  }
  if (a.kind === 'categorical' && b.kind === 'categorical' && sameValues(a.categories, b.categories)) {
    return { ...a, ...together, ...mergeOthers(a, b) }
  }
  throw new RangeError(`column "${a.name}": the two histograms have different bins`)
}

function sameValues<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i])
}

/** Moments of two samples together (Chan, Golub & LeVeque 1979). */
function mergeMoments(a: NumericHistogram, b: NumericHistogram): Partial<NumericHistogram> {
  const outside = { below: a.below + b.below, above: a.above + b.above }
  if (b.mean === null) return outside
  if (a.mean === null) return { mean: b.mean, std: b.std, min: b.min, max: b.max, ...outside }
  const nA = presentRows(a)
  const nB = presentRows(b)
  const share = nB / (nA + nB)
  const apart = b.mean - a.mean
  const variance = (1 - share) * a.std! ** 2 + share * b.std! ** 2 + share * (1 - share) * apart ** 2
  return {
    mean: a.mean + share * apart,
    std: Math.sqrt(variance),
    min: Math.min(a.min!, b.min!),
    max: Math.max(a.max!, b.max!),
    ...outside,
  }
}

function mergeOthers(a: CategoricalHistogram, b: CategoricalHistogram): Partial<CategoricalHistogram> {
  const counts = new Map(Object.entries(a.others))
  for (const [name, count] of Object.entries(b.others)) counts.set(name, (counts.get(name) ?? 0) + count)
  return { ...keptOthers(counts), ...(a.othersComplete && b.othersComplete ? {} : { othersComplete: false }) }
}
