import { describe, expect, it } from 'vitest'
import { evenly } from './sample.ts'

describe('a sample', () => {
  const count = (length: number) => Array.from({ length }, (_, i) => i)

  it('is everything where that is little', () => {
    expect(evenly([], 3)).toEqual([])
    expect(evenly(count(3), 3)).toEqual([0, 1, 2])
  })

  it('starts with the first and ends with the last', () => {
    expect(evenly(count(40), 5)).toEqual([0, 8, 16, 24, 39])
    expect(evenly(count(7), 3)).toEqual([0, 3, 6])
    expect(evenly(count(40), 2)).toEqual([0, 39])
  })

  it('is the last where there may be one only', () => {
    expect(evenly(count(40), 1)).toEqual([39])
  })
})
