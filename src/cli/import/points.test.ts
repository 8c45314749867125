import { describe, expect, it } from 'vitest'
import { inRequests, noPoints, openPointIntake, sameSums } from './points.ts'

const points = (steps: number[], values: number[]) => ({ run: 'r', key: 'k', steps, times: steps.map(() => 5), values })

describe('points on their way', () => {
  it('are taken once, over all pieces of a history', () => {
    const intake = openPointIntake(new Map(), [])
    expect(intake.take(points([1, 2, 2], [1, 2, 2]))[0]!.steps).toEqual([1, 2])
    expect(intake.take(points([2, 3], [2, 3]))[0]!.steps).toEqual([3])
    expect(intake.sumsOf('r')).toEqual({ points: 3, steps: 6, times: 15, nans: 0, least: 1, most: 3 })
  })

  it('of one step with other values are other points; NaN is one', () => {
    const intake = openPointIntake(new Map(), [])
    const [taken] = intake.take(points([1, 1, 1, 1], [1, 2, Number.NaN, Number.NaN]))
    expect(taken!.values).toEqual([1, 2, null])
    expect(intake.sumsOf('r')).toMatchObject({ points: 3, nans: 1, least: 0, most: 2 })
  })

  it('that are infinite are the largest numbers', () => {
    const [taken] = openPointIntake(new Map(), []).take(points([1, 2], [Infinity, -Infinity]))
    expect(taken!.values).toEqual([Number.MAX_VALUE, -Number.MAX_VALUE])
  })

  it('know the model and the dataset they were measured of, and the id that their run has here', () => {
    const dataset = { name: 'd', digest: 'x' }
    const intake = openPointIntake(new Map([['r', 'here']]), [
      { id: 'm', metrics: [{ run: 'r', key: 'k', step: 2, at: 5, dataset }] },
    ])
    expect(intake.take(points([1, 2], [1, 2]))).toMatchObject([
      { run: 'here', model: null, steps: [1] },
      { run: 'here', model: 'm', dataset, steps: [2] },
    ])
  })

  it('go in requests of a size', () => {
    const [history] = openPointIntake(new Map(), []).take(points([1, 2, 3, 4, 5], [1, 2, 3, 4, 5]))
    expect([...inRequests([history!], 2)].map((request) => request.flatMap((one) => one.steps))).toEqual([
      [1, 2],
      [3, 4],
      [5],
    ])
  })

  it('are the same by their sums, or not', () => {
    const sums = { ...noPoints(), points: 1, steps: 1, times: 5, least: 1, most: 1 }
    expect(sameSums(sums, { ...sums })).toBe(true)
    expect(sameSums(sums, { ...sums, most: 2 })).toBe(false)
  })
})
