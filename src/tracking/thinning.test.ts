import { describe, expect, it } from 'vitest'
import { thinned } from './thinning.ts'

describe('a long history for a chart', () => {
  const history = (values: readonly (number | null)[]) => values.map((value, step) => ({ step, value, at: step }))

  it('stays whole while it is short', () => {
    const points = history([3, 1, 2])
    expect(thinned(points, 10)).toEqual(points)
  })

  it('keeps the first, the last and every peak, in order and within the number asked for', () => {
    const points = history(Array.from({ length: 20_000 }, (_, step) => Math.sin(step / 3000)))
    points[7_001]!.value = 50
    points[15_432]!.value = -50
    const few = thinned(points, 300)
    expect(few.length).toBeLessThanOrEqual(300)
    expect(few.length).toBeGreaterThan(250)
    expect(few[0]).toBe(points[0])
    expect(few.at(-1)).toBe(points.at(-1))
    expect(few).toContain(points[7_001])
    expect(few).toContain(points[15_432])
    expect(few.map(({ step }) => step)).toEqual(few.map(({ step }) => step).toSorted((a, b) => a - b))
  })

  it('shows a stretch without a number as a gap, and drops single ones', () => {
    const points = history(Array.from({ length: 1_000 }, (_, step) => (step >= 400 && step < 600 ? null : step)))
    points[100]!.value = null
    const few = thinned(points, 42)
    expect(few.filter(({ value }) => value === null).every(({ step }) => step >= 400 && step < 600)).toBe(true)
    expect(few.some(({ value }) => value === null)).toBe(true)
  })
})
