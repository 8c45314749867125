import { describe, expect, it } from 'vitest'
import { PredictBody } from './contract.ts'
import { isPlainPredictBody } from './plain-body.ts'

const parsed = (text: string): unknown => JSON.parse(text)

describe('isPlainPredictBody', () => {
  it.each([
    '{"records":[{"a":1,"b":"x","c":true,"d":null}]}',
    '{"records":[{}]}',
    '{"records":[{"a":-0.5e-3},{"a":2}]}',
  ])('takes %s, which the schema leaves as it is', (text) => {
    expect(isPlainPredictBody(parsed(text))).toBe(true)
    expect(PredictBody.parse(parsed(text))).toEqual(parsed(text))
  })

  it.each([
    '[]',
    'null',
    '"records"',
    '{}',
    '{"records":[]}',
    '{"records":{}}',
    '{"records":[1]}',
    '{"records":[null]}',
    '{"records":[[1]]}',
    '{"records":[{"a":[1]}]}',
    '{"records":[{"a":{}}]}',
    '{"records":[{"a":1e999}]}',
    '{"records":[{"a":1}],"ids":["x"]}',
    '{"records":[{"a":1}],"more":1}',
  ])('leaves %s to the schema', (text) => {
    expect(isPlainPredictBody(parsed(text))).toBe(false)
  })

  it('takes nothing that the schema refuses', () => {
    const many = { records: Array.from({ length: 10_001 }, () => ({ a: 1 })) }
    expect(isPlainPredictBody(many)).toBe(false)
    expect(isPlainPredictBody({ records: many.records.slice(1) })).toBe(true)
    const values: unknown[] = [1, 'x', true, null, [], {}, Number.NaN, Number.POSITIVE_INFINITY]
    for (const value of values)
      if (isPlainPredictBody({ records: [{ value }] }))
        expect(PredictBody.safeParse({ records: [{ value }] }).success).toBe(true)
  })
})
