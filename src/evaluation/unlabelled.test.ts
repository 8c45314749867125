import { describe, expect, it } from 'vitest'
import { evaluate } from './metrics.ts'
import { seededRandom } from './random.ts'
import { calibrate, fitCalibration } from './recalibration.ts'
import { binary } from './reference.fixture.ts'
import { estimateUnlabelled } from './unlabelled.ts'

describe('isotonic calibration', () => {
  // scikit-learn 1.9.1 on the rows of reference.fixture.ts: ir = IsotonicRegression(out_of_bounds='clip').fit(s, y);
  // ir.X_thresholds_, ir.y_thresholds_, ir.predict([0, .1, .2, .33, .5, .6, .9])
  it('agrees with scikit-learn', () => {
    const calibration = fitCalibration(binary.truth, binary.scores)
    expect(calibration).toEqual({
      scores: [0, 0.075, 0.125, 0.15, 0.175, 0.525, 0.55, 0.575, 0.6, 0.725],
      probabilities: [0, 0, 0.25, 0.25, 0.4, 0.4, 0.5, 0.5, 1, 1],
    })
    const calibrated = calibrate(calibration, Float64Array.of(0, 0.1, 0.2, 0.33, 0.5, 0.6, 0.9))
    const expected = [0, 0.125, 0.4, 0.4, 0.4, 1, 1]
    expected.forEach((p, i) => {
      expect(calibrated[i]).toBeCloseTo(p, 12)
    })
  })

  it('keeps the mean and never decreases', () => {
    const random = seededRandom(6)
    const truth = Float64Array.from({ length: 500 }, () => random.below(2))
    const scores = truth.map(() => random.below(40) / 40)
    const calibrated = calibrate(fitCalibration(truth, scores), scores)
    const mean = (v: Float64Array) => v.reduce((a, b) => a + b, 0) / v.length
    expect(mean(calibrated)).toBeCloseTo(mean(truth), 12)
    const byScore = [...scores.keys()].sort((a, b) => scores[a]! - scores[b]!).map((i) => calibrated[i]!)
    expect(byScore).toEqual([...byScore].sort((a, b) => a - b))
  })

  it('needs rows', () => {
    expect(() => calibrate(fitCalibration(new Float64Array(0), new Float64Array(0)), Float64Array.of(0.5))).toThrow(
      'fitted on no rows',
    )
  })
})

describe('quality without labels', () => {
  it('is where the labels, drawn with the calibrated probabilities, put it', () => {
    const random = seededRandom(17)
    const n = 400
    const probabilities = Float64Array.from({ length: n }, () => random.uniform() ** 2)
    // The model ranks by something else and is off in its probabilities; ties included.
    const scores = probabilities.map(
      (p) => Math.round(50 * Math.sqrt(Math.min(1, Math.max(0, p + 0.1 * random.normal())))) / 50,
    )
    const estimates = estimateUnlabelled(scores, { probabilities, threshold: 0.6 })
    const draws: Record<string, number[]> = {}
    for (let round = 0; round < 600; round++) {
      const truth = probabilities.map((p) => (random.uniform() < p ? 1 : 0))
      for (const [name, value] of Object.entries(evaluate('binary', truth, scores, { threshold: 0.6 }))) {
        draws[name] = [...(draws[name] ?? []), value]
      }
    }
    expect(Object.keys(estimates).sort()).toEqual([
      'accuracy',
      'brier',
      'f1',
      'log_loss',
      'precision',
      'recall',
      'roc_auc',
    ])
    for (const [name, estimate] of Object.entries(estimates)) {
      const values = draws[name]!
      const mean = values.reduce((a, b) => a + b, 0) / values.length
      const deviation = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length)
      const error = (estimate.upper95! - estimate.lower95!) / 2 / 1.96
      expect(Math.abs(estimate.value - mean), name).toBeLessThan(0.2 * deviation)
      expect(error / deviation, name).toBeGreaterThan(0.88)
      expect(error / deviation, name).toBeLessThan(1.12)
    }
  })

  it('sees a model get worse where its inputs get harder', () => {
    const random = seededRandom(18)
    const easy = Float64Array.from({ length: 500 }, () => (random.uniform() < 0.5 ? 0.05 : 0.95))
    const hard = easy.map((p) => (p < 0.5 ? 0.4 : 0.6))
    expect(estimateUnlabelled(hard).roc_auc!.value).toBeLessThan(estimateUnlabelled(easy).roc_auc!.value - 0.2)
    expect(estimateUnlabelled(hard).accuracy!.value).toBeCloseTo(0.6, 12)
  })

  it('leaves out what is undefined', () => {
    expect(estimateUnlabelled(new Float64Array(0))).toEqual({})
    const never = estimateUnlabelled(new Float64Array(5))
    expect(never).not.toHaveProperty('roc_auc')
    expect(never).not.toHaveProperty('precision')
    expect(() => estimateUnlabelled(new Float64Array(5), { probabilities: new Float64Array(4) })).toThrow(
      '4 probabilities',
    )
  })
})
