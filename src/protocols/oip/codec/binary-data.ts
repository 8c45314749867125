import type { NumericDatatype, Tensor } from '#runtime'
import { ARRAYS } from './datatypes.ts'
import { TensorDataInvalid } from './errors.ts'

/** In the binary extension every text stands after its length, a little-endian uint32. */
const LENGTH_BYTES = 4

/**
 * A tensor over bytes as they lie in a request: little-endian, row-major, as every machine that this runs on has them. The
 * array is a view of the request where its place allows that, and a copy otherwise.
 *
 * @throws TensorDataInvalid
 */
export function tensorFromBytes(
  name: string,
  datatype: NumericDatatype | 'BYTES',
  shape: readonly number[],
  elements: number,
  bytes: Uint8Array,
): Tensor {
  if (datatype === 'BYTES') return { datatype, shape, data: textsIn(name, bytes, elements) }
  const Of = ARRAYS[datatype]
  const size = Of.BYTES_PER_ELEMENT
  if (bytes.byteLength !== elements * size)
    throw new TensorDataInvalid(
      name,
      `there are ${bytes.byteLength} bytes for the shape [${shape.join(', ')}], which has ${elements * size} as ${datatype}`,
      'Send as many bytes as the shape has; `binary_data_size` says how many are this tensor’s.',
    )
  const own = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes)
  const data = new Of(own.buffer as ArrayBuffer, own.byteOffset, elements)
  if (datatype === 'BOOL') refuseOtherTruths(name, bytes)
  return { datatype, shape, data }
}

/** What is neither 0 nor 1 is a mistake that a graph would answer in ways of its own. */
function refuseOtherTruths(name: string, bytes: Uint8Array): void {
  const other = bytes.findIndex((byte) => byte > 1)
  if (other >= 0)
    throw new TensorDataInvalid(name, `value ${other} is ${bytes[other]}, which is no BOOL`, 'Send 0 or 1.')
}

function textsIn(name: string, bytes: Uint8Array, elements: number): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const texts: Uint8Array[] = []
  let at = 0
  while (at + LENGTH_BYTES <= bytes.byteLength && texts.length < elements) {
    const from = at + LENGTH_BYTES
    at = from + view.getUint32(at, true)
    if (at > bytes.byteLength) break
    texts.push(bytes.subarray(from, at))
  }
  if (texts.length !== elements || at !== bytes.byteLength)
    throw new TensorDataInvalid(
      name,
      `its bytes are not ${elements} texts, each after its length`,
      'Write every text after its length in bytes, a little-endian uint32.',
    )
  return texts
}

/** The bytes of a tensor, over its own memory where it is numbers. */
export function bytesOf(tensor: Tensor): Uint8Array {
  if (tensor.datatype !== 'BYTES')
    return new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength)
  const texts = tensor.data.map((one) => (typeof one === 'string' ? Buffer.from(one) : one))
  const bytes = Buffer.allocUnsafe(texts.reduce((sum, text) => sum + LENGTH_BYTES + text.byteLength, 0))
  let at = 0
  for (const text of texts) {
    at = bytes.writeUInt32LE(text.byteLength, at)
    bytes.set(text, at)
    at += text.byteLength
  }
  return bytes
}
