import { describe, expect, it } from 'vitest'
import type { Estimate } from './contract.ts'
import { estimateMetrics } from './estimates.ts'
import { evaluate, METRICS } from './metrics.ts'
import { isNotWorse, pairedDifferences } from './paired.ts'
import { seededRandom } from './random.ts'
import { binary, multiclass, regression, weights } from './reference.fixture.ts'

function drawBinary(n: number, seed: number) {
  const random = seededRandom(seed)
  const truth = new Float64Array(n)
  const a = new Float64Array(n)
  const b = new Float64Array(n)
  for (let i = 0; i < n; i++) {
    const signal = random.normal()
    const logistic = (x: number) => 1 / (1 + Math.exp(-x))
    truth[i] = random.uniform() < logistic(1.5 * signal - 0.5) ? 1 : 0
    a[i] = logistic(1.5 * signal - 0.5 + 0.5 * random.normal())
    b[i] = logistic(1.5 * signal - 0.5 + random.normal())
  }
  return { truth, a, b }
}

function drawRegression(n: number, seed: number) {
  const random = seededRandom(seed)
  const truth = Float64Array.from({ length: n }, () => 30 + 3 * random.normal())
  return { truth, a: truth.map((y) => y + random.normal()), b: truth.map((y) => y + 0.5 + 1.5 * random.normal()) }
}

describe('intervals', () => {
  it.each([
    ['binary', binary],
    ['multiclass', multiclass],
    ['regression', regression],
  ] as const)('stand round every metric of a %s task', (task, { truth, scores }) => {
    const values = evaluate(task, truth, scores)
    const estimates = estimateMetrics(task, truth, scores)
    expect(Object.keys(estimates).sort()).toEqual(Object.keys(METRICS[task]).sort())
    for (const [name, estimate] of Object.entries(estimates)) {
      expect(estimate.value, name).toBeCloseTo(values[name]!, 12)
      expect(estimate.lower95, name).toBeLessThan(estimate.value)
      expect(estimate.upper95, name).toBeGreaterThan(estimate.value)
    }
  })

  it('of a mean are the normal ones', () => {
    // scipy.stats.norm.interval(.95, loc=np.mean(s), scale=stats.sem(s)): as the bias against a truth of 0 is the score.
    const { bias } = estimateMetrics('regression', new Float64Array(40), binary.scores)
    expect(bias!.lower95).toBeCloseTo(0.275720546149896, 12)
    expect(bias!.upper95).toBeCloseTo(0.39302945385010396, 12)
  })

  it('by bootstrap agree with those in closed form', () => {
    const ones = new Float64Array(2000).fill(1)
    const b = drawBinary(2000, 3)
    const r = drawRegression(2000, 4)
    for (const [task, truth, scores, names] of [
      ['binary', b.truth, b.a, ['roc_auc', 'log_loss', 'brier', 'accuracy', 'precision', 'recall']],
      ['regression', r.truth, r.a, ['mae', 'rmse', 'bias']],
    ] as const) {
      const closed = estimateMetrics(task, truth, scores)
      const resampled = estimateMetrics(task, truth, scores, { weights: ones, resamples: 1000 })
      for (const name of names) {
        const width = closed[name]!.upper95! - closed[name]!.lower95!
        expect(Math.abs(resampled[name]!.lower95! - closed[name]!.lower95!) / width, name).toBeLessThan(0.1)
        expect(Math.abs(resampled[name]!.upper95! - closed[name]!.upper95!) / width, name).toBeLessThan(0.1)
      }
    }
  })

  it('of many rows, measured on a sample of them, agree too', () => {
    const { truth, a } = drawBinary(100_000, 5)
    const names = ['roc_auc', 'brier', 'recall']
    const closed = estimateMetrics('binary', truth, a, { metrics: names })
    const resampled = estimateMetrics('binary', truth, a, {
      metrics: names,
      weights: new Float64Array(100_000).fill(1),
    })
    const width = (estimate: Estimate) => estimate.upper95! - estimate.lower95!
    for (const name of names)
      expect(Math.abs(width(resampled[name]!) / width(closed[name]!) - 1), name).toBeLessThan(0.2)
  })

  it('are the same for the same seed and others for another', () => {
    const run = (seed: number) => estimateMetrics('binary', binary.truth, binary.scores, { seed, metrics: ['pr_auc'] })
    expect(run(5)).toEqual(run(5))
    expect(run(5)).not.toEqual(run(6))
  })

  it('stay within what the metric can be', () => {
    const truth = new Float64Array([1, 1, 1, 0])
    const estimates = estimateMetrics('binary', truth, new Float64Array([0.9, 0.8, 0.9, 0.1]))
    for (const [name, { lower95, upper95 }] of Object.entries(estimates)) {
      if (lower95 !== null) expect(lower95, name).toBeGreaterThanOrEqual(0)
      if (upper95 !== null && name !== 'log_loss') expect(upper95, name).toBeLessThanOrEqual(1)
    }
  })

  it('have no ends where a single row cannot tell', () => {
    const { mae } = estimateMetrics('regression', new Float64Array([1]), new Float64Array([2]))
    expect(mae).toEqual({ value: 1, lower95: null, upper95: null })
  })
})

describe('paired differences', () => {
  it('have the standard error that repeated samples show, for means, ROC-AUC and resampled metrics alike', () => {
    const rounds = 150
    const gains: Record<string, number[]> = {}
    const errors: Record<string, number[]> = {}
    for (let round = 0; round < rounds; round++) {
      const b = drawBinary(300, 100 + round)
      const r = drawRegression(300, 100 + round)
      const paired = {
        ...pairedDifferences('binary', b.truth, b.a, b.b, { resamples: 80, seed: round }),
        ...pairedDifferences('regression', r.truth, r.a, r.b, { resamples: 80, seed: round }),
      }
      for (const { metric, improvement, standardError } of Object.values(paired)) {
        gains[metric] = [...(gains[metric] ?? []), improvement]
        errors[metric] = [...(errors[metric] ?? []), standardError!]
      }
    }
    const mean = (v: number[]) => v.reduce((a, b) => a + b, 0) / v.length
    expect(Object.keys(gains).length).toBe(Object.keys(METRICS.binary).length + Object.keys(METRICS.regression).length)
    for (const metric of Object.keys(gains)) {
      const centre = mean(gains[metric]!)
      const spread = Math.sqrt(mean(gains[metric]!.map((g) => (g - centre) ** 2)))
      // A standard deviation from 150 samples is itself known to 6 %.
      expect(mean(errors[metric]!) / spread, metric).toBeGreaterThan(0.8)
      expect(mean(errors[metric]!) / spread, metric).toBeLessThan(1.25)
    }
  })

  it('turn round with the models', () => {
    const { truth, a, b } = drawBinary(400, 1)
    const forth = pairedDifferences('binary', truth, a, b)
    const back = pairedDifferences('binary', truth, b, a)
    for (const name of Object.keys(forth)) {
      expect(forth[name]!.improvement, name).toBeCloseTo(-back[name]!.improvement, 12)
      expect(forth[name]!.standardError, name).toBeCloseTo(back[name]!.standardError!, 10)
    }
    expect(forth.roc_auc!.verdict).toBe('better')
    expect(back.roc_auc!.verdict).toBe('worse')
  })

  it('let an equal model pass and stop a worse one', () => {
    const { truth, a, b } = drawBinary(2000, 2)
    const same = pairedDifferences('binary', truth, a, a)
    for (const paired of Object.values(same)) expect([paired.verdict, isNotWorse(paired)]).toEqual(['not_worse', true])
    const worse = pairedDifferences('binary', truth, b, a).log_loss!
    expect(worse.verdict).toBe('worse')
    expect(isNotWorse(worse)).toBe(false)
    expect(isNotWorse(worse, 100)).toBe(true)
  })

  it('judge bias by its size, not its sign', () => {
    const truth = Float64Array.from({ length: 10 }, (_, i) => i)
    const shifted = (by: number) => truth.map((y) => y + by)
    const { bias } = pairedDifferences('regression', truth, shifted(-1), shifted(3))
    expect(bias).toMatchObject({ a: -1, b: 3, improvement: 2, relative: 2 / 3, verdict: 'better' })
  })

  it('count weights as repeated rows would', () => {
    const { truth, scores, otherScores } = binary
    const repeat = (v: Float64Array) => Array.from(weights).flatMap((w, i) => new Array<number>(w).fill(v[i]!))
    const weighted = pairedDifferences('binary', truth, scores, otherScores, { weights })
    const repeated = pairedDifferences(
      'binary',
      Float64Array.from(repeat(truth)),
      Float64Array.from(repeat(scores)),
      Float64Array.from(repeat(otherScores)),
    )
    for (const name of Object.keys(weighted)) {
      expect(weighted[name]!.improvement, name).toBeCloseTo(repeated[name]!.improvement, 12)
    }
  })
})
