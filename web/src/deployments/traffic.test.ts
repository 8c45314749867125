import { describe, expect, it } from 'vitest'
import type { Traffic } from '#deployments/contract'
import { partsOfAnswer } from './traffic.ts'

describe('traffic', () => {
  const traffic: Traffic = {
    stable: [
      { version: 7, weight: 0.75 },
      { version: 6, weight: 0.25 },
    ],
    canary: {
      version: 8,
      share: 0.1,
      answer: [
        { version: 8, weight: 0.5 },
        { version: 7, weight: 0.5 },
      ],
    },
    reference: 1,
    kept: [5, 1],
  }

  it('adds what a version gives on both routes, and all parts are the whole', () => {
    const parts = partsOfAnswer(traffic)
    expect(parts.map(({ version, role }) => [version, role])).toEqual([
      [7, 'champion'],
      [8, 'canary'],
      [6, 'committee'],
      [5, 'kept'],
      [1, 'kept'],
    ])
    expect(parts[0]!.part).toBeCloseTo(0.9 * 0.75 + 0.1 * 0.5)
    expect(parts.reduce((sum, each) => sum + each.part, 0)).toBeCloseTo(1)
  })

  it('an endpoint without a version has no parts', () => {
    expect(partsOfAnswer({ stable: [], canary: null, reference: null, kept: [] })).toEqual([])
  })
})
