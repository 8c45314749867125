import { describe, expect, it } from 'vitest'
import { fairnessOf } from './fairness.ts'
import { categorical, frameOf } from './frames.fixture.ts'
import { binary, multiclass, regression } from './reference.fixture.ts'

const letters = Array.from({ length: 40 }, (_, i) => 'abc'[Math.floor(i / 2) % 3]!)
const frame = frameOf(categorical('g', letters))
const options = { threshold: 0.2, minimumRows: 10 }

/** Rows with the decisions and outcomes of `counts`: [group, score, truth, how many]. */
function rowsOf(counts: [string | null, number, number, number][]) {
  const rows = counts.flatMap(([group, score, truth, n]) => new Array(n).fill({ group, score, truth }))
  return {
    truth: Float64Array.from(rows, (row) => row.truth),
    scores: Float64Array.from(rows, (row) => row.score),
    frame: frameOf(
      categorical(
        'g',
        rows.map((row) => row.group),
      ),
    ),
  }
}

describe('fairness of decisions', () => {
  const [report] = fairnessOf('binary', binary.truth, binary.scores, frame, ['g'], options)

  // fairlearn 0.15.0 on the rows of reference.fixture.ts, F = fairlearn.metrics, p = (s >= .2).astype(int),
  // g = np.array(['a','b','c'])[(i//2) % 3]: F.demographic_parity_difference(y, p, sensitive_features=g),
  // F.demographic_parity_ratio, F.equal_opportunity_difference, F.equalized_odds_difference
  it('agrees with fairlearn', () => {
    expect(report!.differences.demographic_parity).toBeCloseTo(0.2142857142857142, 12)
    expect(report!.disparateImpact!.value).toBeCloseTo(0.75, 12)
    expect(report!.differences.equal_opportunity).toBeCloseTo(0.2, 12)
    expect(report!.differences.equalised_odds).toBeCloseTo(0.5138888888888888, 12)
  })

  // scipy.stats.contingency.relative_risk(9, 14, 12, 14).confidence_interval(.95), and (9, 12, 12, 14); SciPy 1.17.1
  it('puts the log-ratio interval round each ratio', () => {
    const ratios = Object.fromEntries(report!.groups.map((group) => [group.group, group.ratio!]))
    expect(report!.reference).toBe('b')
    expect(ratios.a!.lower95).toBeCloseTo(0.48053965774604096, 12)
    expect(ratios.a!.upper95).toBeCloseTo(1.1705589558172829, 12)
    expect(ratios.c!.lower95).toBeCloseTo(0.5921676072057843, 12)
    expect(ratios.c!.upper95).toBeCloseTo(1.2929194212643538, 12)
    expect(report!.disparateImpact!.group).toBe('a')
    expect(report!.fourFifths).toEqual({ passed: false, conclusive: false })
  })

  it('counts each group', () => {
    expect(report!.groups.find((group) => group.group === 'b')).toMatchObject({
      n: 14,
      compared: true,
      selectionRate: { value: 12 / 14 },
      baseRate: 5 / 14,
      truePositiveRate: { value: 0.8 },
      falsePositiveRate: { value: 8 / 9 },
    })
  })

  it('is sure of a large gap on many rows', () => {
    const { truth, scores, frame } = rowsOf([
      ['m', 1, 1, 600],
      ['m', 0, 0, 400],
      ['f', 1, 1, 300],
      ['f', 0, 0, 700],
    ])
    const [gap] = fairnessOf('binary', truth, scores, frame, ['g'])
    expect(gap).toMatchObject({ reference: 'm', fourFifths: { passed: false, conclusive: true } })
    expect(gap!.disparateImpact).toMatchObject({ value: 0.5, group: 'f' })
    // Where 0 is what people want, the women are the ones selected more.
    const [turned] = fairnessOf('binary', truth, scores, frame, ['g'], { favourable: 0 })
    expect(turned!.reference).toBe('f')
    expect(turned!.disparateImpact).toMatchObject({ value: expect.closeTo(4 / 7, 12), group: 'm' })
  })

  it('shows small, missing and lumped groups without comparing them', () => {
    const { truth, scores, frame } = rowsOf([
      ['m', 1, 1, 50],
      ['m', 0, 0, 50],
      ['f', 1, 1, 49],
      ['f', 0, 0, 51],
      ['x', 0, 0, 5],
      [null, 0, 0, 80],
    ])
    const [report] = fairnessOf('binary', truth, scores, frame, ['g'])
    expect(report!.groups.filter((group) => !group.compared).map((group) => group.group)).toEqual(['x', 'missing'])
    expect(report!.disparateImpact).toMatchObject({ value: 0.98, group: 'f' })
    expect(report!.fourFifths).toMatchObject({ passed: true })
  })

  it('copes with a group that is never selected, and with nobody selected at all', () => {
    const { truth, scores, frame } = rowsOf([
      ['m', 1, 1, 50],
      ['m', 0, 0, 50],
      ['f', 0, 0, 100],
    ])
    const [never] = fairnessOf('binary', truth, scores, frame, ['g'])
    expect(never!.disparateImpact).toMatchObject({ value: 0, lower95: 0, group: 'f' })
    expect(never!.disparateImpact!.upper95).toBeGreaterThan(0)
    expect(never!.disparateImpact!.upper95).toBeLessThan(0.2)
    expect(never!.groups.find((group) => group.group === 'f')!.truePositiveRate).toBeNull()
    const [nobody] = fairnessOf('binary', truth, new Float64Array(200), frame, ['g'])
    expect(nobody).toMatchObject({ disparateImpact: { value: 1 }, fourFifths: { passed: true, conclusive: false } })
  })

  it('has nothing to compare within one group', () => {
    const { truth, scores, frame } = rowsOf([['m', 1, 1, 100]])
    const [alone] = fairnessOf('binary', truth, scores, frame, ['g'])
    expect(alone).toMatchObject({ disparateImpact: null, fourFifths: null, differences: {} })
  })
})

describe('fairness of other answers', () => {
  it('compares the mean error of amounts', () => {
    const shifted = regression.truth.map((y, i) => y + (letters[i] === 'a' ? 2 : -1))
    const [report] = fairnessOf('regression', regression.truth, shifted, frame, ['g'], { minimumRows: 10 })
    expect(report!.differences).toEqual({ mean_error: expect.closeTo(3, 12) })
    expect(report!.groups[0]).toMatchObject({ group: 'a', meanError: { value: 2 }, selectionRate: null })
  })

  it('compares the accuracy of classes', () => {
    const [report] = fairnessOf('multiclass', multiclass.truth, multiclass.scores, frame, ['g'], { minimumRows: 10 })
    const accuracies = report!.groups.map((group) => group.accuracy!.value)
    expect(report!.differences.accuracy).toBeCloseTo(Math.max(...accuracies) - Math.min(...accuracies), 12)
  })
})
