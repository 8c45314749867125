/**
 * The losses boosted trees lower, as first and second derivatives by the raw score. Scores are output-major:
 * `scores[output * rows + row]`.
 */
import type { Task } from '../model.ts'

export interface Loss {
  /** The constant score of each output with the least loss. */
  base(target: Float64Array, weights: Float64Array): number[]
  /** Called once per round, before the derivatives of any output. */
  begin(scores: Float64Array): void
  /** Weighted derivatives of the loss by the score of `output`, written row by row. */
  derivatives(
    output: number,
    scores: Float64Array,
    target: Float64Array,
    weights: Float64Array,
    gradients: Float64Array,
    hessians: Float64Array,
  ): void
  /** Weighted mean loss. */
  mean(scores: Float64Array, target: Float64Array, weights: Float64Array): number
}

export function lossOf(task: Task, outputs: number): Loss {
  if (task === 'regression') return squaredError
  return task === 'binary' ? binaryLogLoss : multiclassLogLoss(outputs)
}

const squaredError: Loss = {
  base(target, weights) {
    let sum = 0
    let total = 0
    for (let r = 0; r < target.length; r++) {
      sum += weights[r]! * target[r]!
      total += weights[r]!
    }
    return [Math.fround(sum / total)]
  },
  begin() {},
  derivatives(_output, scores, target, weights, gradients, hessians) {
    for (let r = 0; r < target.length; r++) {
      gradients[r] = weights[r]! * (scores[r]! - target[r]!)
      hessians[r] = weights[r]!
    }
  },
  mean(scores, target, weights) {
    return weightedMean(weights, (r) => (scores[r]! - target[r]!) ** 2)
  },
}

const binaryLogLoss: Loss = {
  base(target, weights) {
    let positive = 0
    let total = 0
    for (let r = 0; r < target.length; r++) {
      positive += weights[r]! * target[r]!
      total += weights[r]!
    }
    return [Math.fround(Math.log(positive / (total - positive)))]
  },
  begin() {},
  derivatives(_output, scores, target, weights, gradients, hessians) {
    for (let r = 0; r < target.length; r++) {
      const p = 1 / (1 + Math.exp(-scores[r]!))
      gradients[r] = weights[r]! * (p - target[r]!)
      hessians[r] = weights[r]! * p * (1 - p)
    }
  },
  mean(scores, target, weights) {
    // log(1 + e^s) - y s, without overflow for a large |s|
    return weightedMean(weights, (r) => {
      const s = scores[r]!
      return Math.max(s, 0) + Math.log1p(Math.exp(-Math.abs(s))) - target[r]! * s
    })
  },
}

/** Softmax cross-entropy with the diagonal of the hessian scaled by K/(K-1) (Friedman 2001, algorithm 6). */
function multiclassLogLoss(classes: number): Loss {
  let logSums: Float64Array = new Float64Array(0)
  const begin = (scores: Float64Array) => {
    logSums = logSumExp(scores, classes)
  }
  return {
    base(target, weights) {
      const totals = new Float64Array(classes)
      for (let r = 0; r < target.length; r++) totals[target[r]!]! += weights[r]!
      const all = totals.reduce((a, b) => a + b, 0)
      // Half a row for a class that is absent: its score must stay finite.
      return Array.from(totals, (total) => Math.fround(Math.log(Math.max(total, 0.5) / all)))
    },
    begin,
    derivatives(output, scores, target, weights, gradients, hessians) {
      const first = output * target.length
      const factor = classes / (classes - 1)
      for (let r = 0; r < target.length; r++) {
        const p = Math.exp(scores[first + r]! - logSums[r]!)
        gradients[r] = weights[r]! * (p - (target[r] === output ? 1 : 0))
        hessians[r] = factor * weights[r]! * p * (1 - p)
      }
    },
    mean(scores, target, weights) {
      const sums = logSumExp(scores, classes)
      return weightedMean(weights, (r) => sums[r]! - scores[target[r]! * weights.length + r]!)
    },
  }
}

function logSumExp(scores: Float64Array, classes: number): Float64Array {
  const rows = scores.length / classes
  return Float64Array.from({ length: rows }, (_, r) => {
    let largest = -Infinity
    for (let k = 0; k < classes; k++) largest = Math.max(largest, scores[k * rows + r]!)
    let sum = 0
    for (let k = 0; k < classes; k++) sum += Math.exp(scores[k * rows + r]! - largest)
    return largest + Math.log(sum)
  })
}

function weightedMean(weights: Float64Array, valueAt: (row: number) => number): number {
  let sum = 0
  let total = 0
  for (let r = 0; r < weights.length; r++) {
    sum += weights[r]! * valueAt(r)
    total += weights[r]!
  }
  return sum / total
}
