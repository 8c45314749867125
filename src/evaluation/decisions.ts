import type { Values } from './scored.ts'

/** Counts (or summed weights) of a binary decision `score >= threshold` against the truth. */
export interface Confusion {
  readonly truePositives: number
  readonly falsePositives: number
  readonly trueNegatives: number
  readonly falseNegatives: number
}

/** The confusion counts at a threshold. */
export function confusion(truth: Values, scores: Values, threshold = 0.5, weights?: Values): Confusion {
  let truePositives = 0
  let falsePositives = 0
  let trueNegatives = 0
  let falseNegatives = 0
  for (let i = 0; i < truth.length; i++) {
    const w = weights ? weights[i]! : 1
    if (scores[i]! >= threshold) {
      if (truth[i] === 1) truePositives += w
      else falsePositives += w
    } else if (truth[i] === 1) falseNegatives += w
    else trueNegatives += w
  }
  return { truePositives, falsePositives, trueNegatives, falseNegatives }
}

export function accuracyOf(c: Confusion): number {
  const right = c.truePositives + c.trueNegatives
  return right / (right + c.falsePositives + c.falseNegatives)
}

/** Share of the selected that are positive; 0 when nothing is selected, as scikit-learn does. */
export function precisionOf(c: Confusion): number {
  const selected = c.truePositives + c.falsePositives
  return selected > 0 ? c.truePositives / selected : 0
}

/** Share of the positives that are selected (true positive rate); `NaN` when there is no positive. */
export function recallOf(c: Confusion): number {
  return c.truePositives / (c.truePositives + c.falseNegatives)
}

/** Share of the negatives that are selected (false positive rate); `NaN` when there is no negative. */
export function falsePositiveRateOf(c: Confusion): number {
  return c.falsePositives / (c.falsePositives + c.trueNegatives)
}

/** Harmonic mean of precision and recall, 2TP / (2TP + FP + FN); `NaN` when there is neither a positive nor a selected row. */
export function f1Of(c: Confusion): number {
  return (2 * c.truePositives) / (2 * c.truePositives + c.falsePositives + c.falseNegatives)
}
