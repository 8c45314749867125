import { describe, expect, it } from 'vitest'
import type { FeatureSpec } from '#runtime/contract'
import { drawRecords, exampleRecords } from './sample-rows.ts'

const FEATURES: FeatureSpec[] = [
  { name: 'age', kind: 'numeric' },
  { name: 'plan', kind: 'categorical' },
]

describe('rows to try a model with', () => {
  it('are those of its example', () => {
    const example = {
      columns: ['plan', 'age'],
      data: [
        ['a', 30],
        ['b', 50],
        [null, 1],
      ],
    }
    expect(exampleRecords(JSON.stringify(example), FEATURES)).toEqual([
      { age: 30, plan: 'a' },
      { age: 50, plan: 'b' },
    ])
    expect(exampleRecords('[[1, "a"]]', FEATURES)).toEqual([{ age: 1, plan: 'a' }])
  })

  it.each(['', '{', '[]', '{"columns": ["age"], "data": [[1]]}', '{"inputs": {}}', 'null'])(
    'are none of an example such as %s',
    (text) => {
      expect(exampleRecords(text, FEATURES)).toEqual([])
    },
  )

  it('are drawn in its ranges, the same every time', () => {
    const example = exampleRecords('[[30, "a"], [50, "b"]]', FEATURES)
    const drawn = drawRecords(FEATURES, example)
    expect(drawn).toEqual(drawRecords(FEATURES, example))
    const ages = drawn.map((record) => record.age as number)
    expect(Math.min(...ages)).toBeGreaterThan(27.9)
    expect(Math.max(...ages)).toBeLessThan(52.1)
    expect(new Set(drawn.map((record) => record.plan))).toEqual(new Set(['a', 'b']))
  })
})
