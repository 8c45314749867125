/**
 * The few probability distributions that intervals and tests need. Accuracy is near double precision (the tests compare
 * with SciPy), since p-values far out in the tail are what keeps monitors of many features quiet.
 */

/** The 0.975 quantile of the standard normal: half-width of a 95 % interval in standard errors. */
export const Z95 = 1.959963984540054

// Lanczos approximation, g = 7, 9 coefficients (Godfrey 2001).
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
]

function logGamma(x: number): number {
  const t = x + 6.5
  let sum = LANCZOS[0]!
  for (let i = 1; i < LANCZOS.length; i++) sum += LANCZOS[i]! / (x - 1 + i)
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum)
}

/** Upper regularised incomplete gamma Q(a, x): series below a + 1, Lentz's continued fraction above (Numerical Recipes 6.2). */
function upperGamma(a: number, x: number): number {
  if (x <= 0) return 1
  const front = Math.exp(-x + a * Math.log(x) - logGamma(a))
  if (x < a + 1) {
    let term = 1 / a
    let sum = term
    for (let n = 1; Math.abs(term) > Math.abs(sum) * 1e-17; n++) {
      term *= x / (a + n)
      sum += term
    }
    return 1 - front * sum
  }
  let b = x + 1 - a
  let c = 1e300
  let d = 1 / b
  let fraction = d
  for (let i = 1; i < 10_000; i++) {
    const an = -i * (i - a)
    b += 2
    d = 1 / (an * d + b)
    c = b + an / c
    const step = d * c
    fraction *= step
    if (Math.abs(step - 1) < 1e-16) break
  }
  return front * fraction
}

/** Chance that a chi-square variable with `degrees` degrees of freedom exceeds `x`. */
export function chiSquareTail(x: number, degrees: number): number {
  return upperGamma(degrees / 2, x / 2)
}

/** The x that a chi-square variable exceeds with chance `tail`, by bisection: rarely called, so plain and safe. */
export function chiSquareQuantile(tail: number, degrees: number): number {
  let low = 0
  let high = degrees + 10
  while (chiSquareTail(high, degrees) > tail) high *= 2
  for (let i = 0; i < 100 && high - low > 1e-12 * high; i++) {
    const middle = (low + high) / 2
    if (chiSquareTail(middle, degrees) > tail) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/** Chance that a standard normal variable exceeds `z`. */
export function normalTail(z: number): number {
  const both = chiSquareTail(z * z, 1)
  return z >= 0 ? both / 2 : 1 - both / 2
}
