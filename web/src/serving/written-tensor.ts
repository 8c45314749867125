import type { TensorSpec } from '#runtime/contract'
import type { JsonTensor } from './ask-endpoint.ts'

/** More values than this nobody writes by hand. */
const MOST_WRITTEN = 64

/** The shape is that of what is written where it is nested, and the input's own where it is flat. */
export function tensorOf({ name, datatype, shape }: TensorSpec, text: string): JsonTensor | Error {
  try {
    const data: unknown = JSON.parse(text)
    if (!Array.isArray(data)) return new Error(`${name} is no array.`)
    if (!Array.isArray(data[0])) return { name, datatype, shape: flatShape(shape, data.length), data }
    const nested: number[] = []
    for (let part: unknown = data; Array.isArray(part); part = part[0]) nested.push(part.length)
    return { name, datatype, shape: nested, data }
  } catch (error) {
    return new Error(`${name} is no JSON: ${(error as Error).message}`)
  }
}

/** The first dimension of any size takes what the others leave. */
function flatShape(shape: readonly number[], count: number): number[] {
  const open = shape.findIndex((size) => size < 0)
  const others = shape.reduce((product, size) => (size < 0 ? product : product * size), 1)
  return shape.map((size, d) => (d === open ? count / others : Math.max(1, size)))
}

/** What stands in the field to begin with: a tensor of the input's shape, one where any size will do. */
export function sampleOf({ datatype, shape }: TensorSpec): string {
  const sizes = shape.map((size) => Math.max(1, size))
  if (sizes.reduce((a, b) => a * b, 1) > MOST_WRITTEN) return '[]'
  const value: unknown = datatype === 'BYTES' ? 'text' : datatype === 'BOOL' ? true : 0
  return JSON.stringify(sizes.reduceRight<unknown>((inner, size) => new Array(size).fill(inner), value))
}
