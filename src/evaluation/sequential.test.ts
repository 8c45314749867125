import { describe, expect, it } from 'vitest'
import { seededRandom } from './random.ts'
import { anytimeInterval, armMean, sampleSize, sequentialTest } from './sequential.ts'

/** Looks at a test of two rates every `every` answers and says after how many it decided, if it did. */
function decidedAfter(
  random: () => number,
  [control, treatment]: [number, number],
  looks: { answers: number; every: number },
  decides: (arms: [counts: number[], counts: number[]]) => boolean,
): number | undefined {
  const arms: [number[], number[]] = [
    [0, 0],
    [0, 0],
  ]
  for (let i = 1; i <= looks.answers; i++) {
    const arm = random() < 0.5 ? 0 : 1
    arms[arm]![0]!++
    if (random() < (arm === 0 ? control : treatment)) arms[arm]![1]!++
    if (i % looks.every === 0 && decides(arms)) return i
  }
  return undefined
}

/** The arm of independent answers of 0 and 1, without making each of them. */
function arm([answers, ones]: number[]) {
  const mean = ones! / answers!
  return { answers: answers!, units: answers!, mean, variance: (mean * (1 - mean)) / (answers! - 1) }
}

const settings = { minEffect: 0.05, alpha: 0.05 }
const sequential = ([a, b]: [number[], number[]]) => {
  const found = sequentialTest(arm(a), arm(b), settings)
  return found !== undefined && (found.lower > 0 || found.upper < 0)
}
/** What a person does who looks at an ordinary test every day and stops when it says so. */
const peeking = ([a, b]: [number[], number[]]) => {
  const [control, treatment] = [arm(a), arm(b)]
  return Math.abs(treatment.mean - control.mean) > 1.96 * Math.sqrt(control.variance + treatment.variance)
}

function shareDeciding(rates: [number, number], decides: typeof sequential, times: number, answers: number): number {
  const random = seededRandom(7)
  let decided = 0
  for (let i = 0; i < times; i++)
    if (decidedAfter(() => random.uniform(), rates, { answers, every: 50 }, decides) !== undefined) decided++
  return decided / times
}

describe('the sequential test', () => {
  it('is wrong in at most alpha of the experiments, looked at all the time; an ordinary test is not', () => {
    const looked = shareDeciding([0.3, 0.3], sequential, 600, 5_000)
    // Three standard errors of a share of 0.05 in 600 experiments.
    expect(looked).toBeLessThanOrEqual(0.05 + 3 * Math.sqrt((0.05 * 0.95) / 600))
    expect(shareDeciding([0.3, 0.3], peeking, 200, 5_000)).toBeGreaterThan(0.2)
  })

  it('sees the effect it was made for within the answers that were promised', () => {
    const rates: [number, number] = [0.3, 0.35]
    const { sequential: needed, fixed } = sampleSize({ variance: 0.3 * 0.7, power: 0.8, share: 0.5, ...settings })
    expect(needed).toBeGreaterThan(fixed)
    const seen = shareDeciding(rates, sequential, 200, needed)
    expect(seen).toBeGreaterThan(0.8 - 3 * Math.sqrt((0.8 * 0.2) / 200))
  })

  it('gives the interval and the p-value of the same test: one refuses zero where the other is below alpha', () => {
    for (const ones of [300, 330, 350, 370, 400]) {
      const found = sequentialTest(arm([1000, 300]), arm([1000, ones]), settings)!
      expect(found.lower > 0 || found.upper < 0).toBe(found.p < 0.05)
      expect((found.lower + found.upper) / 2).toBeCloseTo(found.difference, 12)
    }
  })

  it('says nothing of few units, or where nothing varies', () => {
    expect(sequentialTest(arm([50, 10]), arm([1000, 300]), settings)).toBeUndefined()
    expect(sequentialTest(arm([500, 0]), arm([500, 0]), settings)).toBeUndefined()
  })
})

describe('an interval for every look', () => {
  it('is that of the test, wider than one for a single look, and a point where nothing is unsure', () => {
    const [control, treatment] = [arm([1000, 300]), arm([1000, 350])]
    const found = sequentialTest(control, treatment, settings)!
    const error = Math.sqrt(control.variance + treatment.variance)
    const interval = anytimeInterval(found.difference, error, { scale: 0.05, alpha: 0.05 })
    expect(interval.lower).toBeCloseTo(found.lower, 12)
    expect(interval.upper).toBeCloseTo(found.upper, 12)
    expect(interval.upper - found.difference).toBeGreaterThan(1.96 * error)
    expect(anytimeInterval(0.1, 0, { scale: 0.05, alpha: 0.05 })).toEqual({ lower: 0.1, upper: 0.1 })
  })
})

describe('an arm of units with several answers', () => {
  it('is as sure as its units, not as its answers', () => {
    const random = seededRandom(3)
    // Each of 400 people gives 25 answers that are all alike.
    const people = Array.from({ length: 400 }, () => ({ sum: random.uniform() < 0.4 ? 25 : 0, count: 25 }))
    const found = armMean(people)
    expect(found).toMatchObject({ answers: 10_000, units: 400 })
    expect(found.variance).toBeCloseTo((found.mean * (1 - found.mean)) / 399, 12)
    const alone = armMean(people.map(({ sum }) => ({ sum: sum / 25, count: 1 })))
    expect(alone.variance).toBeCloseTo(found.variance, 12)
  })
})

describe('the sample size', () => {
  it('is the textbook’s for a test that is looked at once', () => {
    // (1.959964 + 0.841621)² · 2 · 0.25 / 0.1² = 392.4 per arm
    expect(sampleSize({ variance: 0.25, minEffect: 0.1, alpha: 0.05, power: 0.8, share: 0.5 }).fixed).toBe(785)
  })

  it('grows with less effect, more power and a smaller arm', () => {
    const size = (over: object) =>
      sampleSize({ variance: 0.21, minEffect: 0.05, alpha: 0.05, power: 0.8, share: 0.5, ...over }).sequential
    expect(size({ minEffect: 0.025 })).toBeCloseTo(4 * size({}), -2)
    expect(size({ power: 0.95 })).toBeGreaterThan(size({}))
    expect(size({ share: 0.1 })).toBeGreaterThan(2.5 * size({}))
  })
})
