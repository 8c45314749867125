import type * as Ort from 'onnxruntime-node'
import type { Datatype, TensorSpec } from './contract.ts'
import { TensorInvalid } from './errors.ts'
import type { NumberData, NumericDatatype, Tensor } from './tensor.ts'

// Loaded on first use: a server without a deployed model neither waits for it nor pays its memory.
let runtime: Promise<typeof Ort> | undefined
export function loadRuntime(): Promise<typeof Ort> {
  runtime ??= import('onnxruntime-node')
  return runtime
}

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

/** What a graph says of an input or output; `undefined` where that is no tensor of a datatype that can be sent. */
export function specOf(metadata: Ort.InferenceSession.ValueMetadata): TensorSpec | undefined {
  if (!metadata.isTensor) return undefined
  const datatype = DATATYPE_OF[metadata.type]
  if (!datatype) return undefined
  // What has a name instead of a number is as large as the caller makes it.
  return { name: metadata.name, datatype, shape: metadata.shape.map((size) => (typeof size === 'number' ? size : -1)) }
}

/** @throws TensorInvalid when a text is no UTF-8, the only text that ONNX Runtime takes */
export function toOrt({ Tensor: OrtTensor }: typeof Ort, model: string, name: string, tensor: Tensor): Ort.Tensor {
  if (tensor.datatype === 'BYTES')
    return new OrtTensor(
      'string',
      tensor.data.map((text) => (typeof text === 'string' ? text : decode(text, model, name))),
      tensor.shape,
    )
  if (tensor.datatype === 'FP16')
    // The binding reads FP16 from 16-bit words only, and the constructor would make a `Float16Array` of them.
    return Object.assign(new OrtTensor('uint16', tensor.data as Uint16Array, tensor.shape), {
      type: 'float16' as const,
    })
  return new OrtTensor(TYPE_OF[tensor.datatype], tensor.data as Ort.Tensor.DataType, tensor.shape)
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
