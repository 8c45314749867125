import { isUtf8 } from 'node:buffer'
import { z } from 'zod'
import { elementsOf, type NumericDatatype, type Tensor } from '#runtime'
import { tensorFromBytes } from './binary-data.ts'
import { isDatatype } from './datatypes.ts'
import { InferRequestInvalid, TensorDataInvalid } from './errors.ts'
import { parseJson, parseJsonExactly } from './exact-json.ts'
import { tensorFromJson } from './json-data.ts'

/** Says how many bytes of a body are its JSON; binary data follows. */
export const HEADER_LENGTH = 'inference-header-content-length'

const MOST_DIMENSIONS = 32
const MOST_TENSORS = 10_000

const Parameter = z.union([z.string(), z.number(), z.boolean()])
const ParametersOf = z.record(z.string(), Parameter).optional()

const Tensors = z.array(
  z.object({
    name: z.string(),
    shape: z.array(z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)).max(MOST_DIMENSIONS),
    datatype: z.string(),
    parameters: ParametersOf,
    data: z.unknown().optional(),
  }),
)

/** The JSON of a request; `data` is read by the datatype. */
export const InferBody = z.object({
  id: z.string().max(200).optional(),
  parameters: ParametersOf,
  inputs: Tensors.min(1).max(MOST_TENSORS),
  outputs: z
    .array(z.object({ name: z.string(), parameters: ParametersOf }))
    .max(MOST_TENSORS)
    .optional(),
})
type InferBody = z.output<typeof InferBody>

/** A request for inference, whatever it came in. */
export interface InferRequest {
  readonly id: string | undefined
  readonly feeds: Readonly<Record<string, Tensor>>
  /** The outputs that are wanted, in their order; all when absent. */
  readonly wanted: readonly string[] | undefined
  /** What a header says, or a parameter of that name: for endpoints that look at one. */
  readonly header?: ((name: string) => string | undefined) | undefined
}

export type Parameters = Readonly<Record<string, string | number | boolean>>

/** @param sent the headers, by names in lower case */
export const headerOr =
  (sent: (name: string) => string | undefined, parameters: Parameters = {}) =>
  (name: string): string | undefined => {
    const header = sent(name.toLowerCase())
    if (header !== undefined || !Object.hasOwn(parameters, name)) return header
    return String(parameters[name])
  }

/** A request over HTTP, which says for each output how it is to be written. */
export interface RestInferRequest extends InferRequest {
  readonly parameters: Parameters | undefined
  /** Whether the data of an output is wanted after the JSON instead of in it. */
  isBinary(output: string): boolean
}

/**
 * @param body JSON, followed by the binary data of tensors when `headerLength` says so. Tensors may be views of it: it
 *   must not be changed while they are used.
 * @throws InferRequestInvalid, TensorDataInvalid
 */
export function readInferRequest(body: Uint8Array, headerLength: number | undefined): RestInferRequest {
  const length = headerLength ?? body.byteLength
  if (length > body.byteLength)
    throw new InferRequestInvalid(
      `its JSON has ${length} bytes, the body ${body.byteLength}`,
      `Send in ${HEADER_LENGTH} how many bytes of the body are JSON.`,
    )
  const header = Buffer.from(body.buffer, body.byteOffset, length)
  if (!isUtf8(header)) throw new InferRequestInvalid('its JSON is no UTF-8', 'Send UTF-8.')
  const text = header.toString('utf8')
  let parsed = checked(parseJson(text))
  if (parsed.inputs.some(holdsInexact)) parsed = checked(parseJsonExactly(text))

  const feeds: Record<string, Tensor> = Object.create(null)
  let at = length
  for (const input of parsed.inputs) {
    if (input.name in feeds) throw new InferRequestInvalid(`"${input.name}" is sent twice`, 'Send every input once.')
    const size = binarySize(input)
    feeds[input.name] = tensorOf(input, size === undefined ? undefined : body.subarray(at, at + size), text.length)
    at += size ?? 0
  }
  if (at !== body.byteLength)
    throw new InferRequestInvalid(
      `its tensors have ${at - length} bytes of binary data, the body ${body.byteLength - length}`,
      'Send in `binary_data_size` how many bytes each tensor has.',
    )
  const binary = new Map(parsed.outputs?.map(({ name, parameters }) => [name, parameters?.binary_data]))
  const binaryAll = parsed.parameters?.binary_data_output === true
  return {
    id: parsed.id === '' ? undefined : parsed.id,
    feeds,
    parameters: parsed.parameters,
    wanted: parsed.outputs?.length ? parsed.outputs.map(wantedOf) : undefined,
    isBinary: (output) => (binary.get(output) ?? binaryAll) === true,
  }
}

/** @throws InferRequestInvalid */
function checked(json: unknown): InferBody {
  const parsed = InferBody.safeParse(json)
  if (parsed.success) return parsed.data
  const [{ path, message }] = parsed.error.issues as [z.core.$ZodIssue]
  throw new InferRequestInvalid(
    `${path.length > 0 ? path.join('.') : 'the body'}: ${message}`,
    'See the Open Inference Protocol V2 for its form.',
  )
}

/** A whole number of 64 bits that JSON.parse has rounded: only these are read again, as digits. */
function holdsInexact({ datatype, data }: InferBody['inputs'][number]): boolean {
  return (datatype === 'INT64' || datatype === 'UINT64') && hasInexact(data)
}

function hasInexact(data: unknown): boolean {
  if (Array.isArray(data)) return data.some(hasInexact)
  return typeof data === 'number' && !Number.isSafeInteger(data)
}

function binarySize({ name, parameters, data }: InferBody['inputs'][number]): number | undefined {
  const size = parameters?.binary_data_size
  refuseSharedMemory(name, parameters)
  if (size === undefined) return undefined
  if (data !== undefined) throw new TensorDataInvalid(name, 'it is sent twice', 'Send `data` or binary data.')
  if (Number.isSafeInteger(size) && (size as number) >= 0) return size as number
  throw new TensorDataInvalid(name, `its binary_data_size is ${size}`, 'Send the number of its bytes.')
}

/** @param jsonSize characters of the JSON: what says that it has more elements than that is not worth an array */
function tensorOf(
  { name, datatype, shape, data }: InferBody['inputs'][number],
  bytes: Uint8Array | undefined,
  jsonSize: number,
): Tensor {
  const elements = checkedShape(name, datatype, shape)
  if (bytes) return tensorFromBytes(name, datatype as NumericDatatype, shape, elements, bytes)
  if (elements > jsonSize)
    throw new TensorDataInvalid(
      name,
      `there are fewer values than its shape [${shape.join(', ')}] has`,
      'Send as many values as the shape has.',
    )
  return tensorFromJson({ name, datatype: datatype as NumericDatatype, shape, data }, elements)
}

/** How many elements the shape has. @throws TensorDataInvalid */
export function checkedShape(name: string, datatype: string, shape: readonly number[]): number {
  if (!isDatatype(datatype))
    throw new TensorDataInvalid(
      name,
      `there is no datatype "${datatype.slice(0, 50)}"`,
      'Send one of BOOL, UINT8 to UINT64, INT8 to INT64, FP16, FP32, FP64 and BYTES.',
    )
  const elements = elementsOf(shape)
  if (Number.isSafeInteger(elements)) return elements
  throw new TensorDataInvalid(name, `its shape [${shape.join(', ')}] is too large`, 'Send a smaller shape.')
}

function wantedOf({ name, parameters }: NonNullable<InferBody['outputs']>[number]): string {
  refuseOtherOutput(name, parameters)
  return name
}

/** @throws TensorDataInvalid */
export function refuseSharedMemory(tensor: string, parameters: object = {}): void {
  if (!Object.hasOwn(parameters, 'shared_memory_region')) return
  throw new TensorDataInvalid(tensor, 'it is in shared memory', 'Send the data itself; shared memory is not offered.')
}

/** Extensions that would change what an output is: not offered, and never ignored. @throws InferRequestInvalid */
export function refuseOtherOutput(output: string, parameters: object = {}): void {
  for (const other of ['classification', 'shared_memory_region'])
    if (Object.hasOwn(parameters, other))
      throw new InferRequestInvalid(`"${other}" of the output "${output}" is not offered`, 'Ask for the output itself.')
}
