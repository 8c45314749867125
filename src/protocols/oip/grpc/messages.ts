import type { NumberData, NumericDatatype, Tensor } from '#runtime'
import { bytesOf, tensorFromBytes } from '../codec/binary-data.ts'
import { ARRAYS } from '../codec/datatypes.ts'
import { InferRequestInvalid, TensorDataInvalid } from '../codec/errors.ts'
import {
  checkedShape,
  headerOr,
  type InferRequest,
  type Parameters,
  refuseOtherOutput,
  refuseSharedMemory,
} from '../codec/request.ts'
import type { InferResponse } from '../codec/response.ts'

/** What a 64-bit number is decoded to; its digits and, where a double holds it, its number are all that is asked of it. */
type Long = { toString(): string } | number

export interface InferRequestMessage {
  model_name: string
  model_version: string
  id: string
  parameters: Record<string, { parameter_choice?: string; [field: string]: unknown }>
  inputs: { name: string; datatype: string; shape: Long[]; parameters: object; contents: Contents | null }[]
  outputs: { name: string; parameters: object }[]
  raw_input_contents: Uint8Array[]
}

type Contents = Partial<Record<Field, ArrayLike<unknown>>>
type Field = (typeof FIELDS)[NumericDatatype | 'BYTES'] & string

/** Where the values of a datatype stand; FP16 has no field and goes as bytes. */
const FIELDS = {
  BOOL: 'bool_contents',
  INT8: 'int_contents',
  INT16: 'int_contents',
  INT32: 'int_contents',
  INT64: 'int64_contents',
  UINT8: 'uint_contents',
  UINT16: 'uint_contents',
  UINT32: 'uint_contents',
  UINT64: 'uint64_contents',
  FP16: undefined,
  FP32: 'fp32_contents',
  FP64: 'fp64_contents',
  BYTES: 'bytes_contents',
} as const

/**
 * @param metadata what the call was sent with, by names in lower case
 * @throws InferRequestInvalid, TensorDataInvalid
 */
export function readInferMessage(
  message: InferRequestMessage,
  metadata: (name: string) => string | undefined = () => undefined,
): InferRequest {
  const { inputs, outputs, raw_input_contents: raw, id } = message
  const isRaw = raw.length > 0
  if (isRaw && raw.length !== inputs.length)
    throw new InferRequestInvalid(
      `it has ${raw.length} raw_input_contents for ${inputs.length} inputs`,
      'Send one per input, in their order.',
    )
  const feeds: Record<string, Tensor> = Object.create(null)
  for (const [i, { name, datatype, shape: sizes, parameters, contents }] of inputs.entries()) {
    if (name in feeds) throw new InferRequestInvalid(`"${name}" is sent twice`, 'Send every input once.')
    refuseSharedMemory(name, parameters)
    const shape = sizes.map(Number)
    if (shape.some((size) => size < 0))
      throw new TensorDataInvalid(name, `its shape is [${shape.join(', ')}]`, 'Send sizes of 0 and above.')
    const elements = checkedShape(name, datatype, shape)
    const known = datatype as NumericDatatype | 'BYTES'
    feeds[name] = isRaw
      ? tensorFromBytes(name, known, shape, elements, raw[i]!)
      : tensorFromContents(name, known, shape, elements, contents ?? {})
  }
  for (const { name, parameters } of outputs) refuseOtherOutput(name, parameters)
  return {
    id: id === '' ? undefined : id,
    feeds,
    header: headerOr(metadata, parametersOf(message)),
    wanted: outputs.length > 0 ? outputs.map(({ name }) => name) : undefined,
  }
}

/** Each has the one field that was set. */
const parametersOf = ({ parameters }: InferRequestMessage): Parameters =>
  Object.fromEntries(
    Object.entries(parameters ?? {}).map(([name, one]) => [name, String(one[one.parameter_choice ?? ''] ?? '')]),
  )

function tensorFromContents(
  name: string,
  datatype: NumericDatatype | 'BYTES',
  shape: readonly number[],
  elements: number,
  contents: Contents,
): Tensor {
  const field = FIELDS[datatype]
  if (!field)
    throw new TensorDataInvalid(name, `the contents have no field for ${datatype}`, 'Send it in raw_input_contents.')
  const values = contents[field] ?? []
  if (values.length !== elements)
    throw new TensorDataInvalid(
      name,
      `there are ${values.length} values in ${field} for the shape [${shape.join(', ')}], which has ${elements}`,
      'Send as many values as the shape has, in the field of the datatype.',
    )
  if (datatype === 'BYTES') return { datatype, shape, data: values as unknown as Uint8Array[] }
  return { datatype, shape, data: numbersOf(name, datatype, values as ArrayLike<Long | boolean>) }
}

function numbersOf(name: string, datatype: NumericDatatype, values: ArrayLike<Long | boolean>): NumberData {
  const data = new ARRAYS[datatype](values.length)
  if (datatype === 'INT64' || datatype === 'UINT64') {
    for (let i = 0; i < values.length; i++) data[i] = BigInt(String(values[i]))
    return data
  }
  const isReal = datatype === 'FP32' || datatype === 'FP64'
  for (let i = 0; i < values.length; i++) {
    data[i] = Number(values[i])
    // Small whole numbers come in a field of 32 bits.
    if (!isReal && data[i] !== Number(values[i]))
      throw new TensorDataInvalid(name, `value ${i} is ${values[i]}, which is no ${datatype}`, `Send ${datatype}.`)
  }
  return data
}

/** An answer as a message: as bytes, or in typed contents where the request was sent so and they have all datatypes. */
export function inferMessage(
  { model, version, id, outputs, parameters = {} }: InferResponse,
  request: InferRequestMessage,
): object {
  const tensors = Object.entries(outputs)
  const typed =
    request.raw_input_contents.length === 0 &&
    request.inputs.length > 0 &&
    tensors.every(([, { datatype }]) => datatype !== 'FP16')
  return {
    model_name: model,
    model_version: version,
    id: id ?? '',
    parameters: Object.fromEntries(
      Object.entries(parameters).map(([name, text]) => [name, { string_param: `${text}` }]),
    ),
    outputs: tensors.map(([name, tensor]) => ({
      name,
      datatype: tensor.datatype,
      shape: tensor.shape,
      ...(typed && { contents: contentsOf(tensor) }),
    })),
    ...(!typed && { raw_output_contents: tensors.map(([, tensor]) => bytesOf(tensor)) }),
  }
}

function contentsOf(tensor: Tensor): object {
  const field = FIELDS[tensor.datatype]!
  if (tensor.datatype === 'BYTES')
    return { [field]: tensor.data.map((one) => (typeof one === 'string' ? Buffer.from(one) : one)) }
  if (tensor.datatype === 'BOOL') return { [field]: Array.from(tensor.data, Boolean) }
  if (tensor.datatype === 'INT64' || tensor.datatype === 'UINT64') return { [field]: Array.from(tensor.data, String) }
  return { [field]: [...(tensor.data as Iterable<number>)] }
}
