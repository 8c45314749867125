/** Value at `x`; writes the gradient. */
export type Objective = (x: Float64Array, gradient: Float64Array) => number

export interface Minimum {
  readonly x: Float64Array
  readonly value: number
  readonly iterations: number
  readonly converged: boolean
}

/** Correction pairs kept: 5 to 20 are usual. */
const MEMORY = 12

/**
 * Limited-memory BFGS (Nocedal & Wright 2006, algorithms 7.4 and 7.5) with a backtracking line search, for smooth
 * convex functions. Deterministic.
 *
 * @param tolerance stops when no gradient component is larger
 */
export function minimise(objective: Objective, start: Float64Array, tolerance: number, maxIterations: number): Minimum {
  const size = start.length
  let x = Float64Array.from(start)
  let gradient = new Float64Array(size)
  let value = objective(x, gradient)
  let nextX = new Float64Array(size)
  let nextGradient = new Float64Array(size)
  const direction = new Float64Array(size)
  const steps: { s: Float64Array; y: Float64Array; rho: number }[] = []
  const alphas = new Float64Array(MEMORY)

  for (let iteration = 0; iteration < maxIterations; iteration++) {
    if (largest(gradient) <= tolerance) return { x, value, iterations: iteration, converged: true }

    for (let i = 0; i < size; i++) direction[i] = -gradient[i]!
    for (let j = steps.length - 1; j >= 0; j--) {
      const { s, y, rho } = steps[j]!
      alphas[j] = rho * dot(s, direction)
      addScaled(direction, -alphas[j]!, y)
    }
    const last = steps.at(-1)
    const scale = last ? 1 / (last.rho * dot(last.y, last.y)) : 1 / Math.max(1, largest(gradient))
    for (let i = 0; i < size; i++) direction[i]! *= scale
    for (let j = 0; j < steps.length; j++) {
      const { s, y, rho } = steps[j]!
      addScaled(direction, alphas[j]! - rho * dot(y, direction), s)
    }

    const slope = dot(direction, gradient)
    let step = 1
    let nextValue = Number.NaN
    let lowered = false
    // 40 halvings reach below double precision.
    for (let attempt = 0; attempt < 40 && !lowered; attempt++) {
      for (let i = 0; i < size; i++) nextX[i] = x[i]! + step * direction[i]!
      nextValue = objective(nextX, nextGradient)
      lowered = nextValue <= value + 1e-4 * step * slope
      if (!lowered) step /= 2
    }
    if (!lowered) {
      // Rounding hides any further descent. Memory may be to blame: once more along the plain gradient, then give up.
      if (steps.length === 0) return { x, value, iterations: iteration, converged: true }
      steps.length = 0
      continue
    }

    const s = new Float64Array(size)
    const y = new Float64Array(size)
    for (let i = 0; i < size; i++) {
      s[i] = nextX[i]! - x[i]!
      y[i] = nextGradient[i]! - gradient[i]!
    }
    const curvature = dot(s, y)
    if (curvature > 1e-14 * dot(y, y)) {
      if (steps.length === MEMORY) steps.shift()
      steps.push({ s, y, rho: 1 / curvature })
    }
    ;[x, nextX] = [nextX, x]
    ;[gradient, nextGradient] = [nextGradient, gradient]
    value = nextValue
  }
  return { x, value, iterations: maxIterations, converged: false }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

function addScaled(to: Float64Array, factor: number, from: Float64Array): void {
  for (let i = 0; i < to.length; i++) to[i]! += factor * from[i]!
}

function largest(values: Float64Array): number {
  let most = 0
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]!))
  return most
}
