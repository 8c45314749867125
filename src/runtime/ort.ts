import type * as Ort from 'onnxruntime-node'
import type { Datatype } from './contract.ts'
import { TensorInvalid } from './errors.ts'
import type { NumberData, NumericDatatype, Tensor } from './tensor.ts'

const DATATYPE_OF: Readonly<Record<string, Datatype>> = {
  bool: 'BOOL',
  uint8: 'UINT8',
  uint16: 'UINT16',
  uint32: 'UINT32',
  uint64: 'UINT64',
  int8: 'INT8',
  int16: 'INT16',
  int32: 'INT32',
  int64: 'INT64',
  float16: 'FP16',
  float32: 'FP32',
  float64: 'FP64',
  string: 'BYTES',
}
const TYPE_OF = Object.fromEntries(Object.entries(DATATYPE_OF).map(([type, datatype]) => [datatype, type])) as Record<
  NumericDatatype,
  Exclude<Ort.Tensor.Type, 'string'>
>

/**
 * What the binding reads of a tensor. Its own class has the same properties behind accessors, which cost more than they check:
 * what comes here was checked.
 *
 * @throws TensorInvalid when a text is no UTF-8, the only text that ONNX Runtime takes
 */
export function toOrt(model: string, name: string, tensor: Tensor): Ort.OnnxValue {
  const data =
    tensor.datatype === 'BYTES'
      ? tensor.data.map((text) => (typeof text === 'string' ? text : decode(text, model, name)))
      : tensor.data
  const type = tensor.datatype === 'BYTES' ? 'string' : TYPE_OF[tensor.datatype]
  return { type, data, dims: tensor.shape, location: 'cpu' } as unknown as Ort.OnnxValue
}

export function fromOrt({ type, data, dims }: Ort.Tensor): Tensor {
  if (type === 'string') return { datatype: 'BYTES', shape: dims, data: data as string[] }
  const numbers = data as NumberData
  return {
    datatype: DATATYPE_OF[type] as NumericDatatype,
    shape: dims,
    data: type === 'float16' ? new Uint16Array(numbers.buffer, numbers.byteOffset, numbers.length) : numbers,
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })
function decode(bytes: Uint8Array, model: string, name: string): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new TensorInvalid(model, name, 'a text in it is no UTF-8', 'Send texts as UTF-8; other bytes as UINT8.')
  }
}
