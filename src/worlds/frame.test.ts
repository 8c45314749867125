import { expect, it } from 'vitest'
import { frameOf } from './frame.ts'

it('makes numbers numeric and everything else categorical, with missing cells marked', () => {
  const rows = [
    { plan: 'max', gb: 3.5, mixed: 1, empty: null, left: 'out' },
    { plan: null, gb: null, mixed: 'two', empty: null, left: 'out' },
    { plan: 'basic', gb: -1, mixed: 1, empty: null, left: 'out' },
    { plan: 'max', gb: 0, mixed: null, empty: null, left: 'out' },
  ]
  expect(frameOf(rows, ['gb', 'plan', 'mixed', 'empty'])).toEqual({
    rows: 4,
    columns: [
      { name: 'gb', kind: 'numeric', values: Float64Array.of(3.5, Number.NaN, -1, 0) },
      { name: 'plan', kind: 'categorical', codes: Int32Array.of(0, -1, 1, 0), categories: ['max', 'basic'] },
      { name: 'mixed', kind: 'categorical', codes: Int32Array.of(0, 1, 0, -1), categories: ['1', 'two'] },
      { name: 'empty', kind: 'numeric', values: Float64Array.of(Number.NaN, Number.NaN, Number.NaN, Number.NaN) },
    ],
  })
})
