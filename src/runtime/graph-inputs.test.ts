import { describe, expect, it } from 'vitest'
import { expectedInputs, inputTensor } from './graph-inputs.ts'
import { encodeRecords } from './records.ts'
import type { Signature } from './contract.ts'

const FEATURES: Signature['features'] = [
  { name: 'age', kind: 'numeric' },
  { name: 'plan', kind: 'categorical' },
  { name: 'active', kind: 'categorical', categories: ['false', 'true'], required: true },
]
const rows = encodeRecords(FEATURES, [
  { age: 30, plan: 'a', active: true },
  { age: null, plan: null, active: false },
])
const placeOf = new Map(FEATURES.map(({ name }, place) => [name, place]))
const tensor = (type: 'float32' | 'float64' | 'int64' | 'bool' | 'string', features: string[]) =>
  inputTensor({ name: 'X', type, features }, rows, placeOf)

describe('the inputs of a graph', () => {
  it('are one per feature where nothing else is said', () => {
    const signature: Signature = { task: 'regression', features: FEATURES, classes: [], label: 'y' }
    expect(expectedInputs(signature).map(({ name, type }) => [name, type])).toEqual([
      ['age', 'float32'],
      ['plan', 'string'],
      ['active', 'string'],
    ])
  })

  it('have columns side by side, row by row, truth values as numbers', () => {
    const { data, shape } = tensor('float32', ['active', 'age'])
    expect(shape).toEqual([2, 2])
    expect([...(data as Float32Array)]).toEqual([1, 30, 0, Number.NaN])
    expect([...(tensor('float64', ['age']).data as Float64Array)]).toEqual([30, Number.NaN])
  })

  it('have the type that the graph asks for', () => {
    expect([...(tensor('int64', ['age']).data as BigInt64Array)]).toEqual([30n, 0n])
    expect([...(tensor('bool', ['active']).data as Uint8Array)]).toEqual([1, 0])
    expect(tensor('string', ['plan']).data).toEqual(['a', ''])
    expect(tensor('string', ['plan', 'active']).data).toEqual(['a', 'true', '', 'false'])
  })
})

describe('a required feature', () => {
  const encode = (record: Record<string, string | boolean | null>) => encodeRecords(FEATURES.slice(2), [record])

  it('is refused when it is null', () => {
    expect(() => encode({ active: null })).toThrow('it is null, and this model has no answer without it')
  })

  it('takes its categories only, by their text', () => {
    expect(encode({ active: 'true' }).columns).toEqual([['true']])
    expect(() => encode({ active: 'maybe' })).toThrow('"maybe" is not what it takes')
  })
})
