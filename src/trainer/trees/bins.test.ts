import { describe, expect, it } from 'vitest'
import { seededRandom } from '../random.ts'
import { binRows } from './bins.ts'
import { LARGEST_FLOAT32 } from './learner.ts'

const ones = (count: number) => new Float64Array(count).fill(1)

describe('bins', () => {
  it('give each value its own while there are few, missing the last', () => {
    const { bins, bounds, hasMissing, slots, firstSlot } = binRows(
      [Float32Array.of(3, Number.NaN, 1, 3, 2), Float32Array.of(0, -0, 0, 5, 5)],
      ones(5),
      255,
    )
    expect([...bins[0]!]).toEqual([2, 3, 0, 2, 1])
    expect([...bins[1]!]).toEqual([0, 0, 0, 1, 1])
    expect([...bounds[0]!]).toEqual([1.5, 2.5, 3])
    expect(hasMissing).toEqual([true, false])
    expect([...firstSlot]).toEqual([0, 4, 7])
    expect([...slots]).toEqual([2, 4, 3, 4, 0, 4, 2, 5, 1, 5])
  })

  it('part a row from its neighbour exactly where the bound says', () => {
    const random = seededRandom(4)
    const column = Float32Array.from({ length: 3000 }, () => Math.exp(20 * (random() - 0.5)))
    const { bins, bounds } = binRows([column], ones(3000), 64)
    expect(bounds[0]).toHaveLength(64)
    column.forEach((value, r) => {
      const bin = bins[0]![r]!
      expect(value).toBeLessThanOrEqual(bounds[0]![bin]!)
      if (bin > 0) expect(value).toBeGreaterThan(bounds[0]![bin - 1]!)
    })
    const sizes = new Float64Array(64)
    for (const bin of bins[0]!) sizes[bin]!++
    expect(Math.min(...sizes)).toBeGreaterThan(30)
    expect(Math.max(...sizes)).toBeLessThan(65)
  })

  it('part neighbouring float32 numbers and the largest ones', () => {
    // The middle of the last two is no float32 number, and rounds up to the larger.
    const column = Float32Array.of(1, 1 + 2 ** -23, 1 + 2 ** -22, -LARGEST_FLOAT32, LARGEST_FLOAT32)
    const { bins, bounds } = binRows([column], ones(5), 255)
    expect([...bins[0]!]).toEqual([1, 2, 3, 0, 4])
    expect(bounds[0]![1]).toBe(1)
    expect(bounds[0]![2]).toBe(1 + 2 ** -23)
  })

  it('leave a value that outweighs the others alone', () => {
    const column = Float32Array.from({ length: 1000 }, (_, i) => (i < 600 ? 50 : i - 600))
    const { bins } = binRows([column], ones(1000), 16)
    const heavy = bins[0]![0]!
    const others = bins[0]!.filter((bin, r) => bin === heavy && column[r] !== 50)
    expect(others).toHaveLength(0)
    expect(new Set(bins[0]).size).toBe(16)
  })

  it('are the same for a row of weight 3 as for the row three times', () => {
    const random = seededRandom(9)
    const column = Float32Array.from({ length: 500 }, () => Math.floor(200 * random()))
    const times = Array.from(column, () => 1 + Math.floor(3 * random()))
    const repeated = Float32Array.from(times.flatMap((count, r) => new Array<number>(count).fill(column[r]!)))
    const weighted = binRows([column], Float64Array.from(times), 20)
    expect(weighted.bounds).toEqual(binRows([repeated], ones(repeated.length), 20).bounds)
  })

  it('are coarser for a wide table, and take no value at all', () => {
    const wide = Array.from({ length: 5000 }, (_, f) => Float32Array.from({ length: 100 }, (_, r) => (r * f) % 97))
    const { slots, firstSlot, bounds } = binRows(wide, ones(100), 255)
    expect(slots).toBeInstanceOf(Int32Array)
    expect(firstSlot[5000]).toBeLessThanOrEqual(262_144)
    expect(bounds[1]!.length).toBeLessThan(60)
    const empty = binRows([Float32Array.of(Number.NaN, Number.NaN)], ones(2), 255)
    expect(empty.bounds[0]).toHaveLength(0)
    expect([...empty.slots]).toEqual([0, 0])
  })
})
