import { describe, expect, it } from 'vitest'
import {
  checkBatch,
  checkedExperimentName,
  checkedExperimentTag,
  checkedMetric,
  checkedParam,
  checkedTag,
} from './limits.ts'

const pair = (key: string, value = 'v') => ({ key, value })
const many = (n: number) => Array.from({ length: n }, (_, i) => pair(`k${i}`))

describe('names', () => {
  it.each(['a', 'train/loss', 'a.b-c_d e:f', 'größe', 'a..b', '.hidden'])('takes %j', (key) => {
    expect(checkedParam(pair(key))).toEqual([key, 'v'])
  })

  it.each(['', 'a|b', 'a?', '/a', 'a/', 'a//b', './a', 'a/./b', '../a', 'a/../b', '.', '..', 'a\nb'])(
    'refuses %j',
    (key) => {
      expect(() => checkedTag(pair(key))).toThrow()
      expect(() => checkedMetric({ key, value: 1, step: 0, at: 0 })).toThrow()
    },
  )

  it('takes 250 characters and not one more', () => {
    expect(checkedParam(pair('k'.repeat(250)))[0]).toHaveLength(250)
    expect(() => checkedParam(pair('k'.repeat(251)))).toThrow('maximum length of 250')
    expect(checkedExperimentName('e'.repeat(500))).toHaveLength(500)
    expect(() => checkedExperimentName('e'.repeat(501))).toThrow('maximum length of 500')
    expect(() => checkedExperimentName('')).toThrow('Invalid experiment name')
  })
})

describe('values', () => {
  it('cuts long params and tags of runs, as the original does, and refuses long tags of experiments', () => {
    expect(checkedParam(pair('k', 'x'.repeat(6_001)))[1]).toHaveLength(6_000)
    expect(checkedTag(pair('k', 'x'.repeat(8_001)))[1]).toHaveLength(8_000)
    expect(checkedExperimentTag(pair('k', 'x'.repeat(20_000)))[1]).toHaveLength(20_000)
    expect(() => checkedExperimentTag(pair('k', 'x'.repeat(20_001)))).toThrow('maximum length of 20000')
  })

  it('refuses a time before there were computers', () => {
    expect(() => checkedMetric({ key: 'k', value: 1, step: -1, at: -1 })).toThrow('timestamp')
    expect(checkedMetric({ key: 'k', value: Number.NaN, step: -1, at: 0 }).step).toBe(-1)
  })
})

describe('batches', () => {
  const empty = { metrics: [], params: [], tags: [] }

  it('takes the largest there may be', () => {
    expect(() => checkBatch({ ...empty, metrics: many(1_000) })).not.toThrow()
    expect(() => checkBatch({ metrics: many(800), params: many(100), tags: many(100) })).not.toThrow()
  })

  it.each([
    ['metrics', { ...empty, metrics: many(1_001) }],
    ['params', { ...empty, params: many(101) }],
    ['tags', { ...empty, tags: many(101) }],
    ['metrics, params, and tags', { metrics: many(801), params: many(100), tags: many(100) }],
  ])('refuses one more of %s', (what, batch) => {
    expect(() => checkBatch(batch)).toThrow(new RegExp(`at most 1?0?0?0?0? ?\\d+ ${what}`))
  })

  it('refuses a param twice', () => {
    expect(() => checkBatch({ ...empty, params: [pair('a'), pair('a')] })).toThrow('Duplicate parameter keys')
  })
})
