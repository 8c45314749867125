import type { NumericDatatype, Tensor } from '#runtime'
import { ARRAYS, BIG_RANGES, RANGES, halves } from './datatypes.ts'
import { TensorDataInvalid } from './errors.ts'

/** A tensor whose data stands in the JSON: flat, or nested as its shape says. */
export interface JsonTensor {
  readonly name: string
  readonly datatype: NumericDatatype | 'BYTES'
  readonly shape: readonly number[]
  readonly data: unknown
}

/**
 * @param elements what the shape holds; the caller made sure that a request of this size can hold so many
 * @throws TensorDataInvalid
 */
export function tensorFromJson({ name, datatype, shape, data }: JsonTensor, elements: number): Tensor {
  const values = flattened(name, data, shape, elements)
  if (datatype === 'BYTES') return { datatype, shape, data: texts(name, values) }
  return { datatype, shape, data: numbers(name, datatype, values) }
}

/** The values in row-major order. */
function flattened(name: string, data: unknown, shape: readonly number[], elements: number): readonly unknown[] {
  if (!Array.isArray(data)) throw new TensorDataInvalid(name, 'there is no array "data"', 'Send `data` as an array.')
  if (!Array.isArray(data[0])) {
    if (data.length === elements) return data
    throw new TensorDataInvalid(
      name,
      `there are ${data.length} values for the shape [${shape.join(', ')}], which has ${elements}`,
      'Send as many values as the shape has.',
    )
  }
  const values: unknown[] = []
  const collect = (part: unknown, dimension: number) => {
    if (!Array.isArray(part) || part.length !== shape[dimension])
      throw new TensorDataInvalid(
        name,
        `it is not nested as its shape [${shape.join(', ')}] says`,
        'Nest it one array per dimension, or send it flat in row-major order.',
      )
    if (dimension === shape.length - 1) for (const value of part) values.push(value)
    else for (const deeper of part) collect(deeper, dimension + 1)
  }
  collect(data, 0)
  return values
}

function texts(name: string, values: readonly unknown[]): string[] {
  for (let i = 0; i < values.length; i++)
    if (typeof values[i] !== 'string') throw wrong(name, 'BYTES', values[i], i, 'Send texts in quotes.')
  return values as string[]
}

function numbers(name: string, datatype: NumericDatatype, values: readonly unknown[]) {
  const data = new ARRAYS[datatype](values.length)
  switch (datatype) {
    case 'BOOL':
      fillTruths(name, data as Uint8Array, values)
      break
    case 'INT64':
    case 'UINT64':
      fillBig(name, datatype, data as BigInt64Array, values)
      break
    case 'FP16':
      fillReal(name, datatype, halves(data), values)
      break
    case 'FP32':
    case 'FP64':
      fillReal(name, datatype, data as Float32Array | Float64Array, values)
      break
    default:
      fillWhole(name, datatype, data as Int32Array, values)
  }
  return data
}

function fillTruths(name: string, data: Uint8Array, values: readonly unknown[]): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    if (value === true || value === 1) data[i] = 1
    else if (value !== false && value !== 0) throw wrong(name, 'BOOL', value, i, 'Send true or false.')
  }
}

function fillWhole(name: string, datatype: NumericDatatype, data: Int32Array, values: readonly unknown[]): void {
  const [least, most] = RANGES[datatype]!
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most)
      throw wrong(name, datatype, value, i, `Send whole numbers from ${least} to ${most}.`)
    data[i] = value
  }
}

/** Digits in quotes are taken, too: it is how protocol buffers write them in JSON, and all that a browser can do. */
function fillBig(name: string, datatype: 'INT64' | 'UINT64', data: BigInt64Array, values: readonly unknown[]): void {
  const [least, most] = BIG_RANGES[datatype]
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    const exact =
      typeof value === 'bigint'
        ? value
        : Number.isSafeInteger(value) || (typeof value === 'string' && /^-?\d{1,20}$/.test(value))
          ? BigInt(value as number | string)
          : undefined
    if (exact === undefined || exact < least || exact > most)
      throw wrong(name, datatype, value, i, `Send whole numbers from ${least} to ${most}, as digits.`)
    data[i] = exact
  }
}

/** Texts that protocol buffers write in JSON for numbers that it does not have; `null` is what others make of NaN. */
const NOT_IN_JSON: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
}

function fillReal(
  name: string,
  datatype: NumericDatatype,
  data: Float16Array | Float32Array | Float64Array,
  values: readonly unknown[],
): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    if (typeof value === 'number' || typeof value === 'bigint') {
      data[i] = Number(value)
      // It was finite as it was written; that it is not any more is the datatype's doing.
      if (!Number.isFinite(data[i])) throw wrong(name, datatype, value, i, `Send numbers that ${datatype} can hold.`)
    } else if (value === null) data[i] = Number.NaN
    else if (typeof value === 'string' && Object.hasOwn(NOT_IN_JSON, value)) data[i] = NOT_IN_JSON[value]!
    else throw wrong(name, datatype, value, i, 'Send numbers, without quotes.')
  }
}

function wrong(name: string, datatype: string, value: unknown, index: number, hint: string): TensorDataInvalid {
  const shown = typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? String(value))
  return new TensorDataInvalid(name, `value ${index} is ${shown.slice(0, 100)}, which is no ${datatype}`, hint)
}

/** The data of a tensor as JSON. Numbers that JSON does not have are written as protocol buffers do. */
export function jsonOfData(tensor: Tensor): string {
  if (tensor.datatype === 'BYTES') return JSON.stringify(tensor.data.map((one) => textOf(one)))
  if (tensor.datatype === 'BOOL') return `[${tensor.data.join(',').replace(/[01]/g, truthOf)}]`
  const data = tensor.datatype === 'FP16' ? halves(tensor.data) : tensor.data
  if (data instanceof Float16Array || data instanceof Float32Array || data instanceof Float64Array)
    return data.every(isPlain) ? `[${data.join(',')}]` : `[${Array.from(data, jsonOfReal).join(',')}]`
  return `[${data.join(',')}]`
}

const truthOf = (digit: string) => (digit === '1' ? 'true' : 'false')

/** What `join` writes as JSON does: it writes -0 without its sign, and a reader may take -0 for a whole number. */
const isPlain = (value: number) => Number.isFinite(value) && !Object.is(value, -0)

function jsonOfReal(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0.0' : String(value)
  return `"${value}"`
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** @throws TensorDataInvalid when bytes are no text: JSON has nothing else for them */
function textOf(one: string | Uint8Array): string {
  if (typeof one === 'string') return one
  try {
    return utf8.decode(one)
  } catch {
    throw new TensorDataInvalid('output', 'its bytes are no UTF-8', 'Ask for binary data of this output.')
  }
}
