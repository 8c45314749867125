import { describe, expect, it } from 'vitest'
import { trafficOf } from './traffic.ts'

const state = (over: Partial<Parameters<typeof trafficOf>[0]> = {}) => ({
  promoted: [1, 2, 3, 4, 5],
  canary: null,
  shadow: [],
  reference: 1,
  weights: {},
  ...over,
})

describe('traffic', () => {
  it('is the champion alone without a committee', () => {
    expect(trafficOf(state(), 1, 2)).toEqual({
      stable: [{ version: 5, weight: 1 }],
      canary: null,
      shadow: [],
      reference: 1,
      kept: [4, 5],
    })
  })

  it('weights a committee of the last versions, those without a weight as the mean of the others', () => {
    const { stable } = trafficOf(state({ weights: { 3: 0.2, 4: 0.4 } }), 3, 2)
    expect(stable.map((one) => one.version)).toEqual([3, 4, 5])
    expect(stable.map((one) => Number(one.weight.toFixed(3)))).toEqual([0.222, 0.444, 0.333])
  })

  it('lets the canary answer with the candidate in the place of the oldest member', () => {
    const { canary } = trafficOf(state({ canary: { version: 6, share: 0.1 } }), 3, 2)
    expect(canary?.answer.map((one) => one.version)).toEqual([4, 5, 6])
  })

  it('lets a canary of a lone champion answer alone', () => {
    const { canary } = trafficOf(state({ canary: { version: 6, share: 0.1 } }), 1, 2)
    expect(canary?.answer).toEqual([{ version: 6, weight: 1 }])
  })
})
