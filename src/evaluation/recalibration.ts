import type { Calibration } from './contract.ts'
import { ascendingOrder } from './ranking.ts'
import type { Values } from './scored.ts'

/**
 * Isotonic regression of the outcome on the score: the non-decreasing map with the least squared error, by pooling
 * adjacent violators (Barlow et al. 1972; Zadrozny & Elkan 2002 for probabilities). Fitted on held-out rows.
 */
export function fitCalibration(truth: Values, scores: Values): Calibration {
  const order = ascendingOrder(scores)
  const blocks: { from: number; to: number; n: number; positives: number }[] = []
  const rate = (block: { n: number; positives: number }) => block.positives / block.n
  for (let i = 0; i < order.length; ) {
    const score = scores[order[i]!]!
    const block = { from: score, to: score, n: 0, positives: 0 }
    for (; i < order.length && scores[order[i]!] === score; i++) {
      block.n++
      block.positives += truth[order[i]!]!
    }
    blocks.push(block)
    while (blocks.length > 1 && rate(blocks[blocks.length - 2]!) >= rate(blocks[blocks.length - 1]!)) {
      const top = blocks.pop()!
      const below = blocks[blocks.length - 1]!
      below.to = top.to
      below.n += top.n
      below.positives += top.positives
    }
  }
  const points = blocks.flatMap((block) =>
    block.from === block.to
      ? [[block.from, rate(block)]]
      : [
          [block.from, rate(block)],
          [block.to, rate(block)],
        ],
  )
  return { scores: points.map(([score]) => score!), probabilities: points.map(([, p]) => p!) }
}

/** Calibrated probabilities of scores. */
export function calibrate(calibration: Calibration, scores: Values): Float64Array {
  const { scores: xs, probabilities: ps } = calibration
  if (xs.length === 0) throw new RangeError('the calibration was fitted on no rows')
  return scores.map((score) => {
    if (score <= xs[0]!) return ps[0]!
    if (score >= xs[xs.length - 1]!) return ps[ps.length - 1]!
    let low = 0
    let high = xs.length - 1
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      if (xs[middle]! <= score) low = middle
      else high = middle
    }
    return ps[low]! + ((score - xs[low]!) / (xs[high]! - xs[low]!)) * (ps[high]! - ps[low]!)
  })
}
