import { describe, expect, it } from 'vitest'
import { grown, pointsOver } from './histories.ts'

const history = (...points: [step: number, value: number][]) => ({
  run: 'r',
  metric: 'loss',
  points: points.map(([step, value]) => ({ step, value, at: 1_000 + step * 10 })),
})

describe('a history that grows', () => {
  it('takes what is new, and the last step again', () => {
    expect(grown(history([0, 3], [1, 2]), history([1, 2], [1, 5], [2, 1]))).toEqual(
      history([0, 3], [1, 2], [1, 5], [2, 1]),
    )
    expect(grown(undefined, history([0, 3]))).toEqual(history([0, 3]))
    expect(grown(history([0, 3]), history())).toEqual(history([0, 3]))
  })

  it('is drawn over steps, or over the time since it began', () => {
    const { points } = history([5, 3], [7, 2])
    expect(pointsOver(points, 'step')).toEqual([
      { x: 5, y: 3 },
      { x: 7, y: 2 },
    ])
    expect(pointsOver(points.toReversed(), 'time')).toEqual([
      { x: 0, y: 3 },
      { x: 20, y: 2 },
    ])
  })
})
