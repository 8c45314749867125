import { describe, expect, it } from 'vitest'
import { LossProfile } from './contract.ts'
import { costOfDrift, lossProfile } from './drift-cost.ts'
import { frameOf, numeric } from './frames.fixture.ts'
import { baselineOf, distributionOf } from './histogram.ts'
import { seededRandom } from './random.ts'

/** Rows whose loss grows with x and does not depend on z. */
function draw(n: number, shift: number, seed: number) {
  const random = seededRandom(seed)
  const x = Float64Array.from({ length: n }, () => random.normal() + shift)
  const z = x.map(() => random.normal())
  const losses = x.map((v) => Math.exp(v / 2) * (0.5 + random.uniform()))
  return { frame: frameOf(numeric('x', x), numeric('z', z)), losses, mean: losses.reduce((a, b) => a + b, 0) / n }
}

function profileOf(seed: number, n = 4000) {
  const held = draw(n, 0, seed)
  const baseline = baselineOf(held.frame, { bins: 20 })
  const profile = lossProfile(held.frame, held.losses, baseline)
  expect(LossProfile.parse(JSON.parse(JSON.stringify(profile)))).toEqual(profile)
  return { baseline, profile, held }
}

describe('the cost of drift', () => {
  it('is the rise of the loss that the shift then brings, where it is the cause', () => {
    const { baseline, profile, held } = profileOf(1)
    const now = draw(4000, 0.5, 2)
    const [first, second] = costOfDrift(profile, distributionOf(now.frame, baseline))
    // Bins see no further than their edges: the top bin's mean is that of the rows it had.
    const realised = now.mean - held.mean
    expect(first!.name).toBe('x')
    expect(first!.cost / realised).toBeGreaterThan(0.85)
    expect(first!.cost / realised).toBeLessThan(1.05)
    expect(first!.relative).toBeCloseTo(first!.cost / held.mean, 12)
    expect(Math.abs(second!.cost)).toBeLessThan(3 * second!.standardError)
  })

  it('is nothing beyond its standard error without drift', () => {
    const { baseline, profile } = profileOf(3)
    const scaled = Array.from({ length: 300 }, (_, round) => {
      const [x] = costOfDrift(profile, distributionOf(draw(300, 0, 100 + round).frame, baseline)).filter(
        (c) => c.name === 'x',
      )
      return x!.cost / x!.standardError
    })
    const spread = Math.sqrt(scaled.reduce((sum, z) => sum + z * z, 0) / scaled.length)
    expect(spread).toBeGreaterThan(0.8)
    expect(spread).toBeLessThan(1.2)
  })

  it('adds up to nothing on the held-out rows themselves', () => {
    const { baseline, profile, held } = profileOf(4)
    for (const { cost } of costOfDrift(profile, distributionOf(held.frame, baseline))) expect(cost).toBeCloseTo(0, 12)
  })

  it('says how much of now was never held out, and takes it at the mean loss', () => {
    const { baseline, profile } = profileOf(5)
    const missing = frameOf(numeric('x', new Array(50).fill(Number.NaN)))
    expect(costOfDrift(profile, distributionOf(missing, baseline))).toEqual([
      expect.objectContaining({ name: 'x', cost: 0, unseen: 1 }),
    ])
  })

  it('refuses losses of other rows', () => {
    const { frame, losses } = draw(10, 0, 6)
    expect(() => lossProfile(frame, losses.slice(1), baselineOf(frame))).toThrow('9 losses do not fit 10 rows')
  })
})
