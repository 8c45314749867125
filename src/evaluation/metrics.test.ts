import { describe, expect, it } from 'vitest'
import { rowLosses } from './losses.ts'
import { defaultMetric, directionOf, evaluate, improvement } from './metrics.ts'
import { seededRandom } from './random.ts'
import { averagePrecision, rocAuc } from './ranking.ts'
import { aucByPairs, binary, multiclass, regression, weights } from './reference.fixture.ts'

function expectMetrics(actual: Record<string, number>, expected: Record<string, number>): void {
  expect(Object.keys(actual).sort()).toEqual(expect.arrayContaining(Object.keys(expected).sort()))
  for (const [name, value] of Object.entries(expected)) expect(actual[name], name).toBeCloseTo(value, 12)
}

// Figures of scikit-learn 1.9.1 on the rows of reference.fixture.ts, M = sklearn.metrics, W = None or w.
describe('evaluate agrees with scikit-learn', () => {
  // M.roc_auc_score(y, s, sample_weight=W), M.average_precision_score, M.log_loss(y, np.clip(s, 1e-7, 1-1e-7)),
  // M.brier_score_loss, and with p = (s >= .4): M.accuracy_score, M.precision_score, M.recall_score, M.f1_score
  it('binary', () => {
    expectMetrics(evaluate('binary', binary.truth, binary.scores, { threshold: 0.4 }), {
      roc_auc: 0.7018229166666667,
      pr_auc: 0.6628169466795718,
      log_loss: 0.6073443408069,
      brier: 0.212984375,
      accuracy: 0.625,
      precision: 0.5333333333333333,
      recall: 0.5,
      f1: 0.5161290322580645,
      // b = np.minimum(9, (s*10).astype(int))
      // sum(abs(y[b==k].mean() - s[b==k].mean()) * (b==k).sum() for k in np.unique(b)) / 40
      ece: 0.148125,
    })
  })
  it('binary, weighted', () => {
    expectMetrics(evaluate('binary', binary.truth, binary.scores, { threshold: 0.4, weights }), {
      roc_auc: 0.7547619047619049,
      pr_auc: 0.7195515252755389,
      log_loss: 0.5607718518352686,
      brier: 0.1915110759493671,
      accuracy: 0.6835443037974683,
      precision: 0.5862068965517241,
      recall: 0.5666666666666667,
      f1: 0.576271186440678,
    })
  })
  // M.log_loss(t, P), M.accuracy_score(t, P.argmax(1)), M.f1_score(..., average='macro'),
  // M.roc_auc_score(t, P, multi_class='ovr', average='macro')
  it('multiclass', () => {
    expectMetrics(evaluate('multiclass', multiclass.truth, multiclass.scores), {
      log_loss: 0.9537192288233735,
      accuracy: 0.575,
      macro_f1: 0.5689130434782609,
      macro_roc_auc: 0.727377560710894,
    })
    expectMetrics(evaluate('multiclass', multiclass.truth, multiclass.scores, { weights }), {
      log_loss: 0.9519759843135507,
      accuracy: 0.6075949367088608,
      macro_f1: 0.6069642682055664,
      macro_roc_auc: 0.7414339981006647,
    })
  })
  // M.mean_absolute_error(yr, pr), M.root_mean_squared_error, M.r2_score, np.average(pr - yr),
  // M.mean_absolute_percentage_error(yr[yr != 0], pr[yr != 0]), np.abs(pr - yr).sum() / np.abs(yr).sum()
  it('regression', () => {
    expectMetrics(evaluate('regression', regression.truth, regression.scores), {
      mae: 0.95,
      rmse: 1.1279282877125754,
      r2: 0.9773623421573243,
      bias: 0.3666666666666667,
      mape: 0.22325143720663293,
      wape: 0.10734463276836158,
    })
    expectMetrics(evaluate('regression', regression.truth, regression.scores, { weights }), {
      mae: 0.9578059071729956,
      rmse: 1.1381382384354854,
      r2: 0.9767350619202471,
      bias: 0.3924050632911393,
    })
  })
})

describe('ROC-AUC and average precision', () => {
  it('equal the plain definitions on random rows with many ties and weights', () => {
    const random = seededRandom(1)
    for (let round = 0; round < 200; round++) {
      const n = 2 + random.below(40)
      const truth = Float64Array.from({ length: n }, () => random.below(2))
      truth[0] = 1
      truth[1] = 0
      const scores = Float64Array.from({ length: n }, () => random.below(1 + (round % 12)) / 12)
      const w = Float64Array.from({ length: n }, () => random.below(4))
      w[0] = 1
      w[1] = 1
      expect(rocAuc(truth, scores)).toBeCloseTo(aucByPairs(truth, scores), 12)
      expect(rocAuc(truth, scores, w)).toBeCloseTo(aucByPairs(truth, scores, w), 12)
      expect(averagePrecision(truth, scores)).toBeCloseTo(averagePrecisionByThresholds(truth, scores), 12)
      expect(averagePrecision(truth, scores, w)).toBeCloseTo(averagePrecisionByThresholds(truth, scores, w), 12)
    }
  })

  it('sees no difference between a weight of two and a row written twice', () => {
    const twice = (v: Float64Array) => Float64Array.from([...v, ...v])
    const { truth, scores } = binary
    const expected = evaluate('binary', twice(truth), twice(scores))
    expectMetrics(evaluate('binary', truth, scores, { weights: new Float64Array(40).fill(2) }), expected)
  })

  it('is complemented when scores are turned round', () => {
    const turned = binary.scores.map((s) => 1 - s)
    expect(rocAuc(binary.truth, turned)).toBeCloseTo(1 - rocAuc(binary.truth, binary.scores), 12)
  })
})

describe('undefined metrics', () => {
  it('leaves out what one class cannot define, and keeps the rest', () => {
    const metrics = evaluate('binary', new Float64Array([0, 0, 0]), new Float64Array([0.1, 0.2, 0.3]))
    expect(Object.keys(metrics).sort()).toEqual(['accuracy', 'brier', 'ece', 'log_loss', 'precision'])
  })
  it('has nothing to say of no rows', () => {
    expect(evaluate('regression', new Float64Array(0), new Float64Array(0))).toEqual({})
  })
  it('leaves out R2 of a constant truth and MAPE of zeros', () => {
    const metrics = evaluate('regression', new Float64Array([0, 0]), new Float64Array([1, 2]))
    expect(Object.keys(metrics).sort()).toEqual(['bias', 'mae', 'rmse'])
  })
})

describe('bad rows are refused by number', () => {
  const two = new Float64Array([0, 1])
  it.each([
    [
      'a missing label',
      () => evaluate('binary', new Float64Array([0, Number.NaN]), two),
      'row 1: NaN is no binary label',
    ],
    ['a label that is no class', () => evaluate('binary', new Float64Array([0, 2]), two), 'row 1: 2'],
    ['a score above 1', () => evaluate('binary', two, new Float64Array([0.5, 1.5])), 'row 1: 1.5 is no binary score'],
    ['a missing prediction', () => evaluate('regression', two, new Float64Array([Number.NaN, 1])), 'row 0: NaN'],
    ['lengths apart', () => evaluate('binary', two, new Float64Array(3)), '3 scores do not fit 2 binary labels'],
    ['ragged classes', () => evaluate('multiclass', two, new Float64Array(5)), '5 scores do not fit 2'],
    [
      'a class without a score',
      () => evaluate('multiclass', new Float64Array([0, 2]), new Float64Array(4)),
      'row 1: 2',
    ],
    ['a negative weight', () => evaluate('binary', two, two, { weights: new Float64Array([1, -1]) }), 'row 1: -1'],
  ])('%s', (_name, run, message) => {
    expect(run).toThrow(message)
  })
})

describe('row losses', () => {
  it('average to the log loss and the error of the task', () => {
    const average = (v: Float64Array) => v.reduce((a, b) => a + b, 0) / v.length
    expect(average(rowLosses('binary', binary.truth, binary.scores))).toBeCloseTo(0.6073443408069, 12)
    expect(average(rowLosses('multiclass', multiclass.truth, multiclass.scores))).toBeCloseTo(0.9537192288233735, 12)
    expect(average(rowLosses('regression', regression.truth, regression.scores))).toBeCloseTo(0.95, 12)
  })
  it('charges a certain answer that was wrong 16 nats, not infinity', () => {
    expect(rowLosses('binary', new Float64Array([1, 0]), new Float64Array([0, 0]))).toEqual(
      new Float64Array([-Math.log(1e-7), -Math.log(1 - 1e-7)]),
    )
  })
})

describe('directions', () => {
  it('names the metrics there are when asked for one that is not', () => {
    expect(() => directionOf('binary', 'mae')).toThrow('no binary metric "mae"; there are roc_auc')
    expect(() => directionOf('binary', 'constructor')).toThrow(RangeError)
  })
  it('counts an improvement as positive whichever way the metric points', () => {
    expect(improvement(directionOf('binary', defaultMetric('binary')), 0.8, 0.7)).toBeCloseTo(0.1)
    expect(improvement(directionOf('multiclass', defaultMetric('multiclass')), 0.8, 0.7)).toBeCloseTo(-0.1)
    expect(improvement(directionOf('regression', 'bias'), -1, 3)).toBe(2)
  })
})

function averagePrecisionByThresholds(truth: Float64Array, scores: Float64Array, w?: Float64Array): number {
  const weight = (i: number) => (w ? w[i]! : 1)
  const sumWhere = (keep: (i: number) => boolean) => truth.reduce((sum, _, i) => sum + (keep(i) ? weight(i) : 0), 0)
  const allPositive = sumWhere((i) => truth[i] === 1)
  let area = 0
  let recallBefore = 0
  for (const threshold of [...new Set(scores)].sort((a, b) => b - a)) {
    const selected = sumWhere((i) => scores[i]! >= threshold)
    const hits = sumWhere((i) => scores[i]! >= threshold && truth[i] === 1)
    const recall = hits / allPositive
    if (selected > 0) area += (recall - recallBefore) * (hits / selected)
    recallBefore = recall
  }
  return area
}
