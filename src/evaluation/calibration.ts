import type { ReliabilityBin } from './contract.ts'
import type { Values } from './scored.ts'

/**
 * Reliability of probabilities: rows in equal-width bins of score, with the mean score and the share of positives of
 * each. Empty bins are left out. `weight` is the number of rows, or their summed weights.
 */
export function calibrationTable(truth: Values, scores: Values, weights?: Values, bins = 10): ReliabilityBin[] {
  const weight = new Float64Array(bins)
  const score = new Float64Array(bins)
  const positive = new Float64Array(bins)
  for (let i = 0; i < truth.length; i++) {
    const w = weights ? weights[i]! : 1
    const bin = Math.min(bins - 1, Math.floor(scores[i]! * bins))
    weight[bin] = weight[bin]! + w
    score[bin] = score[bin]! + w * scores[i]!
    positive[bin] = positive[bin]! + w * truth[i]!
  }
  return Array.from(weight, (w, bin) => ({
    from: bin / bins,
    to: (bin + 1) / bins,
    weight: w,
    meanScore: score[bin]! / w,
    positiveRate: positive[bin]! / w,
  })).filter((bin) => bin.weight > 0)
}

/**
 * Expected calibration error: the mean over rows of |share of positives - mean score| of the row's bin, ten bins of
 * equal width (Naeini, Cooper & Hauskrecht 2015; Guo et al. 2017). It is biased upwards on few rows.
 */
export function expectedCalibrationError(truth: Values, scores: Values, weights?: Values, bins = 10): number {
  let sum = 0
  let total = 0
  for (const bin of calibrationTable(truth, scores, weights, bins)) {
    sum += bin.weight * Math.abs(bin.positiveRate - bin.meanScore)
    total += bin.weight
  }
  return sum / total
}
