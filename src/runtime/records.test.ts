import { describe, expect, it } from 'vitest'
import { encodeFrame, encodeRecords, type PredictionRecord, RowBuffer } from './records.ts'

const FEATURES = [
  { name: 'age', kind: 'numeric' as const },
  { name: 'plan', kind: 'categorical' as const, categories: ['monthly', 'yearly'] },
]
const encode = (...records: unknown[]) => encodeRecords(FEATURES, records as PredictionRecord[]).columns

describe('encodeRecords', () => {
  it('makes one column per feature, in the order of the signature, and takes no notice of other fields', () => {
    const [age, plan] = encode({ plan: 'yearly', age: 41.5, note: { any: 'thing' } }, { age: -1, plan: 'x' })
    expect(age).toEqual(Float32Array.of(41.5, -1))
    expect(plan).toEqual(['yearly', 'x'])
  })

  it('takes null for a missing value', () => {
    const [age, plan] = encode({ age: null, plan: null })
    expect((age as Float32Array)[0]).toBeNaN()
    expect(plan).toEqual([''])
  })

  it('takes a category that it has not seen, and numbers and booleans by their text', () => {
    expect(encode({ age: 1, plan: 'never seen' }, { age: 1, plan: 3 }, { age: 1, plan: true })[1]).toEqual([
      'never seen',
      '3',
      'true',
    ])
  })

  it.each([
    [{ plan: 'x' }, 'field "age": the feature is missing', 'null says'],
    [{ age: 1 }, 'field "plan": the feature is missing', 'null says'],
    [{ age: 'abc', plan: 'x' }, 'field "age": a number is expected, not the text "abc"', 'Send a number'],
    [{ age: '41', plan: 'x' }, 'not the text "41"', 'without quotes: 41.'],
    [{ age: '', plan: 'x' }, 'not the text ""', 'null'],
    [{ age: true, plan: 'x' }, 'not the boolean true', 'Send 1.'],
    [{ age: [1], plan: 'x' }, 'not the object [1]', 'Send a number'],
    [{ age: Number.NaN, plan: 'x' }, 'NaN is no finite', 'null'],
    [{ age: Number.POSITIVE_INFINITY, plan: 'x' }, 'Infinity is no finite', 'null'],
    [{ age: 1e39, plan: 'x' }, '1e+39 is no finite 32-bit number', 'null'],
    [{ age: 1, plan: { a: 1 } }, 'field "plan": this value is no category', 'text'],
    [{ age: 1, plan: Number.NaN }, 'NaN is no category', 'text'],
  ])('refuses %j', (record, message, hint) => {
    const fine = { age: 1, plan: 'x' }
    expect(() => encode(fine, fine, record)).toThrow(
      expect.objectContaining({
        code: 'ORRERY_RUNTIME_RECORD_INVALID',
        status: 422,
        message: expect.stringContaining(message),
        hint: expect.stringContaining(hint),
        details: expect.objectContaining({ record: 2 }),
      }),
    )
  })

  it('keeps the largest float32 and reads inherited fields as missing', () => {
    expect((encode({ age: 3.4028234663852886e38, plan: 'x' })[0] as Float32Array)[0]).toBe(3.4028234663852886e38)
    for (const kind of ['categorical', 'numeric'] as const)
      expect(() => encodeRecords([{ name: 'toString', kind }], [{}])).toThrow('the feature is missing')
  })
})

describe('RowBuffer', () => {
  it('takes all records of a request or none, and keeps the place of one that has no values', () => {
    const buffer = new RowBuffer({ features: FEATURES }, 6)
    expect(buffer.append([{ age: 1, plan: 'a' }])).toBe(0)
    expect(() => buffer.append([{ age: 2, plan: 'b' }, { age: 3 }], 10)).toThrow('Record 11')
    expect(buffer.append([{ age: 4, plan: 'd' }])).toBe(1)
    expect(buffer.appendMissing(1)).toBe(2)
    const { rows, columns } = buffer.encoded()
    expect(rows).toBe(3)
    expect(columns).toEqual([Float32Array.of(1, 4, Number.NaN), ['a', 'd', '']])
  })
})

describe('encodeFrame', () => {
  const age = { name: 'age', kind: 'numeric' as const, values: Float64Array.of(1, Number.NaN) }
  const plan = {
    name: 'plan',
    kind: 'categorical' as const,
    codes: Int32Array.of(-1, 0),
    categories: ['yearly'],
  }

  it('takes the columns of the signature in its order', () => {
    expect(encodeFrame(FEATURES, { rows: 2, columns: [plan, age] }).columns).toEqual([
      Float32Array.of(1, Number.NaN),
      ['', 'yearly'],
    ])
  })

  it('refuses a frame without a column or with one of another kind', () => {
    expect(() => encodeFrame(FEATURES, { rows: 2, columns: [age] })).toThrow('"plan": the column is missing')
    expect(() => encodeFrame(FEATURES, { rows: 2, columns: [plan, { ...plan, name: 'age' }] })).toThrow(
      'the column is categorical, the model takes numeric',
    )
  })
})
