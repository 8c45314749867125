import { normalTail } from './distributions.ts'

/** What one arm of an experiment has come to. */
export interface ArmMean {
  readonly answers: number
  /** What was randomised: people, machines, or the answers themselves. */
  readonly units: number
  /** Mean per answer; `NaN` without one. */
  readonly mean: number
  /** Variance of that mean; `NaN` below two units. */
  readonly variance: number
}

/**
 * The mean per answer of an arm whose units give several answers each, with the variance of that mean by the delta
 * method for a ratio of sums (Deng, Knoblich, Lu 2018, "Applying the delta method in metric analytics"): with S_k
 * the sum and N_k the count of unit k, m = ΣS/ΣN and Var(m) = K/(K-1) Σ(S_k - m N_k)² / (ΣN)². Answers of one unit are
 * alike, so counting each for itself would be too sure.
 */
export function armMean(units: Iterable<{ readonly sum: number; readonly count: number }>): ArmMean {
  let [sum, answers] = [0, 0]
  const all = [...units]
  for (const unit of all) {
    sum += unit.sum
    answers += unit.count
  }
  const k = all.length
  const mean = sum / answers
  const spread = all.reduce((total, unit) => total + (unit.sum - mean * unit.count) ** 2, 0)
  const variance = k > 1 ? ((k / (k - 1)) * spread) / answers ** 2 : Number.NaN
  return { answers, units: k, mean, variance }
}

export interface SequentialTest {
  /** Treatment minus control. */
  readonly difference: number
  /** Ends of the confidence sequence. */
  readonly lower: number
  readonly upper: number
  /** Always-valid p-value of this look; the smallest of all looks is one, too. */
  readonly p: number
}

/** Below so many units in an arm a mean is not normal enough for what follows. */
export const LEAST_UNITS = 100

/**
 * The difference of two arms with an interval that holds at every look at once, however often somebody looks: the
 * mixture sequential probability ratio test with a normal mixture N(0, τ²) over the difference. With V the variance of
 * the estimated difference d, the mixture likelihood ratio is
 *
 *   Λ = √(V / (V + τ²)) · exp(τ² d² / (2 V (V + τ²))),
 *
 * p = min(1, 1/Λ), and the interval are the differences that Λ < 1/α does not refuse:
 *
 *   d ± √( V (V + τ²) / τ² · (ln((V + τ²) / V) + 2 ln(1/α)) ).
 *
 * Robbins 1970, "Statistical methods related to the law of the iterated logarithm"; Johari, Koomen, Pekelis, Walsh 2022,
 * "Always valid inference: continuous monitoring of A/B tests". V is estimated, which makes it hold for
 * large samples (Waudby-Smith et al. 2024, "Time-uniform central limit theory and asymptotic confidence sequences");
 * hence `LEAST_UNITS`.
 *
 * @param minEffect τ: the least difference that would matter; where the test is at its sharpest
 * @returns undefined while there are too few units, or nothing varies
 */
export function sequentialTest(
  control: ArmMean,
  treatment: ArmMean,
  { minEffect, alpha }: { readonly minEffect: number; readonly alpha: number },
): SequentialTest | undefined {
  if (Math.min(control.units, treatment.units) < LEAST_UNITS) return undefined
  const variance = control.variance + treatment.variance
  if (!(variance > 0)) return undefined
  const difference = treatment.mean - control.mean
  const mixed = variance + minEffect ** 2
  const ratio = Math.sqrt(variance / mixed) * Math.exp((minEffect * difference) ** 2 / (2 * variance * mixed))
  const half = halfWidth(variance, minEffect, alpha)
  return { difference, lower: difference - half, upper: difference + half, p: Math.min(1, 1 / ratio) }
}

function halfWidth(variance: number, minEffect: number, alpha: number): number {
  const mixed = variance + minEffect ** 2
  return Math.sqrt(((variance * mixed) / minEffect ** 2) * (Math.log(mixed / variance) - 2 * Math.log(alpha)))
}

/**
 * The interval of any estimate that holds at every look at once, by the same mixture as `sequentialTest`: for figures that
 * are looked at every second, where a 95 % interval would sooner or later leave out the truth.
 *
 * @param scale τ: the size of difference at which it is sharpest; fixed before, or it would not hold
 */
export function anytimeInterval(
  value: number,
  standardError: number,
  { scale, alpha }: { readonly scale: number; readonly alpha: number },
): { readonly lower: number; readonly upper: number } {
  const half = standardError > 0 ? halfWidth(standardError ** 2, scale, alpha) : 0
  return { lower: value - half, upper: value + half }
}

export interface SampleSize {
  /** Answers of both arms together, at most, of the sequential test; about half of it when the effect is twice as large. */
  readonly sequential: number
  /** Answers of both arms together of a test that is looked at once, at its end. */
  readonly fixed: number
}

/**
 * How many answers it takes to see a difference of `minEffect` with a chance of `power`. Of a test that is looked at
 * once, (z(α/2) + z(power))² (σ²/s + σ²/(1-s)) / δ² (Lehr's rule in full; Casagrande, Pike, Smith 1978); of the
 * sequential test, the n at which δ minus the half width of its interval is z(power) standard errors. It may end before.
 *
 * @param variance of one answer: p (1 - p) for a rate p
 * @param share of the treatment, 0 to 1
 */
export function sampleSize({
  variance,
  minEffect,
  alpha,
  power,
  share,
}: {
  readonly variance: number
  readonly minEffect: number
  readonly alpha: number
  readonly power: number
  readonly share: number
}): SampleSize {
  const ofOne = variance / share + variance / (1 - share)
  const zPower = normalQuantile(power)
  const fixed = Math.ceil(((normalQuantile(1 - alpha / 2) + zPower) ** 2 * ofOne) / minEffect ** 2)
  const sees = (n: number) => minEffect - halfWidth(ofOne / n, minEffect, alpha) >= zPower * Math.sqrt(ofOne / n)
  let [low, high] = [1, Math.max(2, fixed)]
  while (!sees(high)) [low, high] = [high, high * 2]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (sees(middle)) high = middle
    else low = middle
  }
  return { sequential: high, fixed }
}

/** z with P(Z ≤ z) = p, by halving: exact to 1e-12. */
function normalQuantile(p: number): number {
  let [low, high] = [-10, 10]
  while (high - low > 1e-12) {
    const middle = (low + high) / 2
    if (1 - normalTail(middle) < p) low = middle
    else high = middle
  }
  return (low + high) / 2
}
