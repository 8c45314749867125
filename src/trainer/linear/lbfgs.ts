/** Value at `x`; writes the gradient. */
export type Objective = (x: Float64Array, gradient: Float64Array) => number

/** Multiplies `v`, in place, by a positive definite matrix close to the inverse of the hessian. */
export type Preconditioner = (v: Float64Array) => void

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
export function minimise(
  objective: Objective,
  precondition: Preconditioner,
  start: Float64Array,
  tolerance: number,
  maxIterations: number,
): Minimum {
  const size = start.length
  let x = Float64Array.from(start)
  let gradient = new Float64Array(size)
  let value = objective(x, gradient)
  let nextX = new Float64Array(size)
  let nextGradient = new Float64Array(size)
  const direction = new Float64Array(size)
  const steps: { s: Float64Array; y: Float64Array; rho: number; scale: number }[] = []
  const alphas = new Float64Array(MEMORY)

  for (let iteration = 0; iteration < maxIterations; iteration++) {
    if (largest(gradient) <= tolerance) return { x, value, iterations: iteration, converged: true }

    for (let i = 0; i < size; i++) direction[i] = -gradient[i]!
    for (let j = steps.length - 1; j >= 0; j--) {
      const { s, y, rho } = steps[j]!
      alphas[j] = rho * dot(s, direction)
      addScaled(direction, -alphas[j]!, y)
    }
    precondition(direction)
    const scale = steps.at(-1)?.scale ?? 1
    for (let i = 0; i < size; i++) direction[i]! *= scale
    for (let j = 0; j < steps.length; j++) {
      const { s, y, rho } = steps[j]!
      addScaled(direction, alphas[j]! - rho * dot(y, direction), s)
    }

    const slope = dot(direction, gradient)
    // What is left to gain would drown in the value's rounding.
    if (-slope <= 1e-15 * Math.abs(value)) return { x, value, iterations: iteration, converged: true }
    let step = 1
    let nextValue = Number.NaN
    let lowered = false
    for (let attempt = 0; attempt < 30 && !lowered; attempt++) {
      for (let i = 0; i < size; i++) nextX[i] = x[i]! + step * direction[i]!
      nextValue = objective(nextX, nextGradient)
      lowered = nextValue <= value + 1e-4 * step * slope
      if (!lowered) step /= 2
    }
    if (!lowered) return { x, value, iterations: iteration, converged: false }

    const s = new Float64Array(size)
    const y = new Float64Array(size)
    for (let i = 0; i < size; i++) {
      s[i] = nextX[i]! - x[i]!
      y[i] = nextGradient[i]! - gradient[i]!
    }
    const curvature = dot(s, y)
    if (curvature > 0) {
      const preconditioned = Float64Array.from(y)
      precondition(preconditioned)
      if (steps.length === MEMORY) steps.shift()
      steps.push({ s, y, rho: 1 / curvature, scale: curvature / dot(y, preconditioned) })
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
