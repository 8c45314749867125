import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import type { Tensor } from '#runtime'
import { describeTensor, firstNumber, tensorRecord } from './tensor-record.ts'

const floats = (...values: number[]): Tensor => ({
  datatype: 'FP32',
  shape: [1, values.length],
  data: Float32Array.from(values),
})

it('shows all of a small tensor, and of a large one its beginning and a hash of its bytes', () => {
  expect(describeTensor(floats(0.5, -1, 2))).toBe('FP32[1,3] 0.5 -1 2')
  const large = floats(...Array.from({ length: 100 }, (_, i) => i))
  const sha256 = createHash('sha256')
    .update(Buffer.from((large.data as Float32Array).buffer))
    .digest('hex')
  expect(describeTensor(large)).toBe(`FP32[1,100] 0 1 2 3 4 5 6 7 … sha256:${sha256}`)
})

it('hashes what a view shows, and nothing beside it', () => {
  const all = Float32Array.from({ length: 30 }, (_, i) => i)
  const part: Tensor = { datatype: 'FP32', shape: [20], data: all.subarray(5, 25) }
  const alone: Tensor = { datatype: 'FP32', shape: [20], data: all.slice(5, 25) }
  expect(describeTensor(part)).toBe(describeTensor(alone))
})

it('tells lists of texts apart that are alike side by side, and cuts long ones', () => {
  const texts = (...data: string[]): Tensor => ({ datatype: 'BYTES', shape: [data.length], data })
  expect(describeTensor(texts('a', 'b"'))).toBe('BYTES[2] "a" "b\\""')
  const [one, other] = [texts('x'.repeat(50), 'yz'), texts(`${'x'.repeat(50)}y`, 'z')].map(describeTensor)
  expect(one).toContain('…')
  expect(one!.split('sha256:')[1]).not.toBe(other!.split('sha256:')[1])
  const bytes: Tensor = { datatype: 'BYTES', shape: [1], data: [Buffer.from('x'.repeat(50))] }
  expect(describeTensor(bytes)).toBe(describeTensor(texts('x'.repeat(50))))
})

it('leaves out what must not be logged, on both sides', () => {
  const needs = { feeds: { a: floats(1), secret: floats(2) }, outputs: { y: floats(3), secret: floats(4) } }
  expect(tensorRecord({ ...needs, requestId: 'r' }, { sample: 1, redact: ['secret'] })).toEqual({
    a: 'FP32[1,1] 1',
    'output:y': 'FP32[1,1] 3',
    'request:id': 'r',
  })
})

it('takes the first number of an answer', () => {
  expect(firstNumber({ names: { datatype: 'BYTES', shape: [1], data: ['a'] }, y: floats(2, 3) })).toBe(2)
  expect(firstNumber({ y: floats(Number.NaN) })).toBe(0)
})
