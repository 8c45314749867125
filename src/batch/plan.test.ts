import { describe, expect, it } from 'vitest'
import { partsOf } from './plan.ts'

describe('the parts of an input', () => {
  it('have every row once, in order, and none across two files', () => {
    const files = [{ rows: 250 }, { rows: 0 }, { rows: 100 }, { rows: 1 }]
    const parts = partsOf(files, 100)
    expect(parts.map(({ number }) => number)).toEqual([0, 1, 2, 3, 4])
    expect(parts.map(({ file, from, to }) => [file, from, to])).toEqual([
      [0, 0, 100],
      [0, 100, 200],
      [0, 200, 250],
      [2, 0, 100],
      [3, 0, 1],
    ])
    let next = 0
    for (const { firstRow, from, to } of parts) {
      expect(firstRow).toBe(next)
      next += to - from
    }
    expect(next).toBe(351)
  })

  it('are none of an input without rows', () => {
    expect(partsOf([], 100)).toEqual([])
    expect(partsOf([{ rows: 0 }], 100)).toEqual([])
  })
})
