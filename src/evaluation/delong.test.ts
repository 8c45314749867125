import { describe, expect, it } from 'vitest'
import { aucInterval, pairedAucDifference } from './delong.ts'
import { wilson } from './proportion.ts'
import { seededRandom } from './random.ts'
import { aucByPairs, binary } from './reference.fixture.ts'

// The structural components of DeLong et al. (1988) written out in NumPy, on the rows of reference.fixture.ts:
//   def comp(s): X=s[y==1]; Y=s[y==0]; psi=(X[:,None]>Y)+.5*(X[:,None]==Y); return psi.mean(1), psi.mean(0), psi.mean()
//   a10,a01,A = comp(s); b10,b01,B = comp(s2); S = np.cov([a10,b10])/len(a10) + np.cov([a01,b01])/len(a01)
//   A, S[0,0]**.5, B, S[1,1]**.5, A-B, (S[0,0]+S[1,1]-2*S[0,1])**.5
describe('DeLong', () => {
  it('gives the standard error of the structural components', () => {
    const estimate = aucInterval(binary.truth, binary.scores)
    expect(estimate.value).toBeCloseTo(0.7018229166666666, 12)
    expect(estimate.standardError).toBeCloseTo(0.08455388468832567, 12)
    expect(aucInterval(binary.truth, binary.otherScores).standardError).toBeCloseTo(0.08835208995841655, 12)
  })

  it('gives the paired standard error of a difference', () => {
    const paired = pairedAucDifference(binary.truth, binary.scores, binary.otherScores)
    expect(paired.difference).toBeCloseTo(0.04296875, 12)
    expect(paired.standardError).toBeCloseTo(0.11391684354378888, 12)
    const same = pairedAucDifference(binary.truth, binary.scores, binary.scores)
    expect([same.difference, same.standardError]).toEqual([0, 0])
  })

  it('covers the true AUC about 95 times in 100, near 1 too', () => {
    // Positives uniform on [0, 1], negatives on [0, 1] to a power: AUC = P(U > V^k) = 1 - E[V^k] = k / (k + 1).
    const random = seededRandom(7)
    let covered = 0
    const rounds = 1000
    for (let round = 0; round < rounds; round++) {
      const truth = Float64Array.from({ length: 100 }, (_, i) => i % 2)
      const scores = truth.map((y) => (y === 1 ? random.uniform() : random.uniform() ** 9))
      const { lower95, upper95 } = aucInterval(truth, scores)
      if (lower95! <= 0.9 && 0.9 <= upper95!) covered++
    }
    expect(covered / rounds).toBeGreaterThan(0.93)
    expect(covered / rounds).toBeLessThan(0.97)
  })

  it('admits doubt about a perfect order of few rows, and has no interval for one row of a class', () => {
    const perfect = aucInterval(new Float64Array([0, 0, 0, 1, 1, 1]), new Float64Array([1, 2, 3, 4, 5, 6]))
    expect(perfect).toMatchObject({ value: 1, upper95: 1 })
    expect(perfect.lower95).toBeLessThan(0.5)
    expect(aucInterval(new Float64Array([0, 0, 1]), new Float64Array([1, 2, 3]))).toMatchObject({ lower95: null })
  })

  it('agrees with pair counting under ties', () => {
    const random = seededRandom(3)
    const truth = Float64Array.from({ length: 300 }, () => random.below(2))
    const scores = truth.map(() => random.below(9))
    expect(aucInterval(truth, scores).value).toBeCloseTo(aucByPairs(truth, scores), 12)
  })
})

// scipy.stats.binomtest(k, n).proportion_ci(method='wilson'), SciPy 1.17.1
describe('Wilson', () => {
  it.each([
    [7, 20, 0.1811918241010821, 0.5671457233147637],
    [0, 15, 0, 0.20388330103584862],
    [15, 15, 0.7961166989641515, 1],
    [499, 1000, 0.468073488750724, 0.529934164766247],
  ])('%i of %i', (k, n, lower, upper) => {
    const interval = wilson(k, n)
    expect(interval.value).toBe(k / n)
    expect(interval.lower95).toBeCloseTo(lower, 12)
    expect(interval.upper95).toBeCloseTo(upper, 12)
  })
})
