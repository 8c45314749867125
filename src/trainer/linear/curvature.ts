/**
 * The preconditioner: the hessian of a linear model is XᵀDX + l2·I with D the losses' second derivatives. With D at a
 * constant it is factored once; standardised and one-hot columns are so correlated that without it a solver needs
 * hundreds of passes over the rows instead of about ten.
 */
import type { Design } from './design.ts'
import type { Preconditioner } from './lbfgs.ts'

/** A wider design is preconditioned by its diagonal: a factor of 1500² takes 18 MB and about a second … */
const WIDEST_FACTOR = 1500
/** … and so is one whose products alone would take longer than that. */
const MOST_PRODUCTS = 2e9

/**
 * @param slope the constant second derivative: 1 for squared error, ¼ for binary log loss, ½ for softmax (the upper
 *   bounds of Böhning 1992)
 * @param outputs the same factor serves each output's block of `design.columns + 1` parameters, the intercept last
 */
export function curvaturePreconditioner(
  design: Design,
  weights: Float64Array,
  slope: number,
  l2: number,
  outputs: number,
): Preconditioner {
  const size = design.columns + 1
  // A whisper of ridge keeps the factor positive where columns are collinear and l2 is 0.
  const floor = l2 + 1e-9 * slope * weights.reduce((a, b) => a + b, 0)
  const products = design.rows * (design.dense + design.slots) ** 2
  if (size > WIDEST_FACTOR || products > MOST_PRODUCTS) {
    const diagonal = diagonalOf(design, weights).map((sum) => slope * sum + floor)
    return (v) => {
      for (let i = 0; i < v.length; i++) v[i]! /= diagonal[i % size]!
    }
  }
  const factor = grossProducts(design, weights)
  for (let i = 0; i < factor.length; i++) factor[i]! *= slope
  for (let i = 0; i < size; i++) factor[i * size + i]! += floor
  factorise(factor, size)
  return (v) => {
    for (let k = 0; k < outputs; k++) solve(factor, size, v.subarray(k * size, (k + 1) * size))
  }
}

/** Lower triangle of XᵀWX, row-major, the intercept's column of ones last. */
function grossProducts(design: Design, weights: Float64Array): Float64Array {
  const { rows, dense, slots, values, active, columns } = design
  const size = columns + 1
  const gross = new Float64Array(size * size)
  for (let r = 0; r < rows; r++) {
    const weight = weights[r]!
    const d = r * dense
    const a = r * slots
    for (let i = 0; i < dense; i++) {
      const scaled = weight * values[d + i]!
      for (let j = 0; j <= i; j++) gross[i * size + j]! += scaled * values[d + j]!
      gross[columns * size + i]! += scaled
    }
    // One-hot columns come after the dense ones, in ascending order within a row.
    for (let i = 0; i < slots; i++) {
      const at = active[a + i]!
      if (at < 0) continue
      for (let j = 0; j < dense; j++) gross[at * size + j]! += weight * values[d + j]!
      for (let j = 0; j <= i; j++) if (active[a + j]! >= 0) gross[at * size + active[a + j]!]! += weight
      gross[columns * size + at]! += weight
    }
    gross[columns * size + columns]! += weight
  }
  return gross
}

function diagonalOf(design: Design, weights: Float64Array): Float64Array {
  const { rows, dense, slots, values, active, columns } = design
  const diagonal = new Float64Array(columns + 1)
  for (let r = 0; r < rows; r++) {
    for (let j = 0; j < dense; j++) diagonal[j]! += weights[r]! * values[r * dense + j]! ** 2
    for (let s = 0; s < slots; s++) {
      const column = active[r * slots + s]!
      if (column >= 0) diagonal[column]! += weights[r]!
    }
    diagonal[columns]! += weights[r]!
  }
  return diagonal
}

/** Cholesky in place: the lower triangle L of A = L·Lᵀ. */
function factorise(a: Float64Array, size: number): void {
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * size + j]!
      for (let k = 0; k < j; k++) sum -= a[i * size + k]! * a[j * size + k]!
      a[i * size + j] = i === j ? Math.sqrt(sum) : sum / a[j * size + j]!
    }
  }
}

/** v ← A⁻¹v given L. */
function solve(l: Float64Array, size: number, v: Float64Array): void {
  for (let i = 0; i < size; i++) {
    let sum = v[i]!
    for (let k = 0; k < i; k++) sum -= l[i * size + k]! * v[k]!
    v[i] = sum / l[i * size + i]!
  }
  for (let i = size - 1; i >= 0; i--) {
    let sum = v[i]!
    for (let k = i + 1; k < size; k++) sum -= l[k * size + i]! * v[k]!
    v[i] = sum / l[i * size + i]!
  }
}
