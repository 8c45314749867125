import { describe, expect, it } from 'vitest'
import { sampleOf, tensorOf } from './written-tensor.ts'

const spec = (shape: number[], datatype: 'FP32' | 'BYTES' | 'BOOL' = 'FP32') => ({ name: 'x', datatype, shape })

describe('a tensor by hand', () => {
  it.each([
    [[-1, 2], '[[1, 2], [3, 4]]', [2, 2]],
    [[-1, 2], '[1, 2, 3, 4]', [2, 2]],
    [[-1], '[1, 2, 3]', [3]],
    [[2, 2], '[1, 2, 3, 4]', [2, 2]],
    [[1, -1, -1], '[[[1], [2]]]', [1, 2, 1]],
  ])('has the shape of what is written: %j %s', (shape, text, expected) => {
    expect(tensorOf(spec(shape), text)).toEqual({
      name: 'x',
      datatype: 'FP32',
      shape: expected,
      data: JSON.parse(text),
    })
  })

  it('says what is wrong with it', () => {
    expect(tensorOf(spec([1]), '[1')).toMatchObject({ message: expect.stringContaining('x is no JSON') })
    expect(tensorOf(spec([1]), '3')).toMatchObject({ message: 'x is no array.' })
  })

  it('begins with one that fits', () => {
    expect(sampleOf(spec([-1, 3]))).toBe('[[0,0,0]]')
    expect(sampleOf(spec([-1], 'BYTES'))).toBe('["text"]')
    expect(sampleOf(spec([2], 'BOOL'))).toBe('[true,true]')
    expect(sampleOf(spec([1, 64, 64, 3]))).toBe('[]')
    for (const shape of [[-1, 3], [2, 2], [-1]])
      expect(tensorOf(spec(shape), sampleOf(spec(shape)))).toMatchObject({
        shape: shape.map((size) => Math.max(1, size)),
      })
  })
})
