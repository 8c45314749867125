import { describe, expect, it } from 'vitest'
import { decodeValues, encodeValues } from './attribute-json.ts'
import type { AttributeValue } from './span.ts'

describe('values of attributes as JSON', () => {
  it('tells whole numbers from others', () => {
    expect(encodeValues([1n, 1, 1.5, -0, 1e21, 1e-7])).toBe('[1,1.0,1.5,-0.0,1e+21,1e-7]')
    expect(decodeValues('[1,1.0,1.5,-0.0,1e+21,1e-7,-3]')).toEqual([1n, 1, 1.5, -0, 1e21, 1e-7, -3n])
  })

  it('keeps every digit of 64 bits', () => {
    const large = { most: 2n ** 63n - 1n, least: -(2n ** 63n), odd: 9_007_199_254_740_993n }
    expect(encodeValues(large)).toBe('{"most":9223372036854775807,"least":-9223372036854775808,"odd":9007199254740993}')
    expect(decodeValues(encodeValues(large))).toEqual(large)
  })

  it('gives back what it was given', () => {
    const value: AttributeValue = { text: 'ä "quoted" \n 1.0', list: [true, null, { deep: [2n, 2] }], '': '' }
    expect(decodeValues(encodeValues(value))).toEqual(value)
  })

  it('writes what is no number as text', () => {
    expect(encodeValues([Number.NaN, Number.POSITIVE_INFINITY])).toBe('["NaN","Infinity"]')
  })

  it('refuses what is no JSON', () => {
    expect(() => decodeValues('{"a":')).toThrow(SyntaxError)
  })
})
