import type { Datatype, TensorSpec } from './contract.ts'
import { TensorInvalid } from './errors.ts'

/** Numbers as they lie in memory, little-endian: truth values as bytes 0 and 1, FP16 as its bits. */
export type NumberData =
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Float32Array
  | Float64Array

/** A tensor in the words of the Open Inference Protocol V2, in row-major order. */
export type Tensor =
  | { readonly datatype: 'BYTES'; readonly shape: readonly number[]; readonly data: readonly (string | Uint8Array)[] }
  | { readonly datatype: NumericDatatype; readonly shape: readonly number[]; readonly data: NumberData }

export type NumericDatatype = Exclude<Datatype, 'BYTES'>
export type Tensors = Readonly<Record<string, Tensor>>

/** The array that holds a datatype. */
export const ARRAYS = {
  BOOL: Uint8Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  FP16: Uint16Array,
  FP32: Float32Array,
  FP64: Float64Array,
} as const satisfies Record<NumericDatatype, unknown>

/** The number of elements of a shape; a scalar has one. */
export function elementsOf(shape: readonly number[]): number {
  let elements = 1
  for (const size of shape) elements *= size
  return elements
}

/**
 * What is sent must be what the model says it takes: every input, no other, of its datatype and shape.
 * @throws TensorInvalid
 */
export function checkTensors(model: string, inputs: readonly TensorSpec[], given: Tensors): void {
  for (const { name, datatype, shape } of inputs) {
    const tensor = Object.hasOwn(given, name) ? given[name] : undefined
    if (!tensor) throw new TensorInvalid(model, name, 'it is missing', `Send all of ${namesOf(inputs)}.`)
    if (tensor.datatype !== datatype)
      throw new TensorInvalid(model, name, `it is ${tensor.datatype}, the model takes ${datatype}`, `Send ${datatype}.`)
    if (!fits(tensor.shape, shape))
      throw new TensorInvalid(
        model,
        name,
        `its shape is [${tensor.shape.join(', ')}], the model takes [${shape.join(', ')}]`,
        'Send the shape of the model; -1 stands for any size.',
      )
    if (tensor.data.length !== elementsOf(tensor.shape))
      throw new TensorInvalid(
        model,
        name,
        `it has ${tensor.data.length} elements for the shape [${tensor.shape.join(', ')}]`,
        'Send as many elements as the shape has.',
      )
    if (tensor.datatype !== 'BYTES' && !(tensor.data instanceof ARRAYS[tensor.datatype]))
      throw new TensorInvalid(model, name, `its elements are not held as ${datatype}`, 'Send elements of its datatype.')
  }
  let count = 0
  for (const _ in given) count++
  // All that it takes are there: one more is one too many.
  if (count === inputs.length) return
  for (const name in given)
    if (!inputs.some((input) => input.name === name))
      throw new TensorInvalid(model, name, 'the model has no such input', `It takes ${namesOf(inputs)}.`)
}

/** @throws TensorInvalid when an output is asked for that the model does not have */
export function checkWanted(model: string, outputs: readonly TensorSpec[], wanted: readonly string[]): void {
  for (const name of wanted)
    if (!outputs.some((output) => output.name === name))
      throw new TensorInvalid(model, name, 'the model has no such output', `It gives ${namesOf(outputs)}.`)
}

function fits(shape: readonly number[], wanted: readonly number[]): boolean {
  // A graph that does not say how many dimensions it takes finds out by itself.
  if (wanted.length === 0) return shape.every((size) => Number.isInteger(size) && size >= 0)
  if (shape.length !== wanted.length) return false
  for (let d = 0; d < shape.length; d++) {
    const size = shape[d]!
    if (!Number.isInteger(size) || size < 0 || (wanted[d]! >= 0 && size !== wanted[d])) return false
  }
  return true
}

const namesOf = (specs: readonly TensorSpec[]) =>
  specs
    .slice(0, 20)
    .map(({ name }) => name)
    .join(', ')

/** One row of nothing: zeros and empty texts, one of what may be of any size. */
export function blankFeeds(inputs: readonly TensorSpec[]): Tensors {
  return Object.fromEntries(
    inputs.map(({ name, datatype, shape: wanted }): [string, Tensor] => {
      const shape = wanted.map((size) => (size < 0 ? 1 : size))
      const elements = elementsOf(shape)
      if (datatype === 'BYTES') return [name, { datatype, shape, data: new Array<string>(elements).fill('') }]
      return [name, { datatype, shape, data: new ARRAYS[datatype](elements) }]
    }),
  )
}
