import type { Duplex } from 'node:stream'
import { ARRAYS, elementsOf, type Tensor, type Tensors } from '../tensor.ts'

/**
 * What the server and a model's process say to each other: a frame is its header's length and its payload's as two
 * little-endian 32-bit numbers, the header as JSON, and the payload: tensors one after the other, each at a multiple of
 * eight bytes, numbers as they lie in memory and texts each after its length (32 bits), as in the binary extension of the
 * Open Inference Protocol. A Python process speaks the same (`python/serve_model.py` in packaging).
 */
export interface Frame {
  readonly header: Readonly<Record<string, unknown>>
  readonly payload: ArrayBuffer
}

/** One tensor of a payload. */
export interface TensorPart {
  readonly name: string
  readonly datatype: Tensor['datatype']
  readonly shape: readonly number[]
  /** Bytes in the payload, before what fills them up to a multiple of eight. */
  readonly bytes: number
}

const PREFIX_BYTES = 8
const ALIGNMENT = 8
const padding = (bytes: number) => (ALIGNMENT - (bytes % ALIGNMENT)) % ALIGNMENT
const FILLER = new Uint8Array(ALIGNMENT)

/** Larger than any answer that makes sense: a process that claims more is broken. */
const LARGEST_HEADER = 16 * 1024 * 1024
const LARGEST_PAYLOAD = 2 ** 31 - 1

/** Writes a frame; the tensors must not change before what they are fed to has answered. */
export function writeFrame(stream: Duplex, header: Record<string, unknown>, parts: readonly Uint8Array[] = []): void {
  const text = Buffer.from(JSON.stringify(header))
  const prefix = Buffer.allocUnsafe(PREFIX_BYTES)
  prefix.writeUInt32LE(text.length, 0)
  prefix.writeUInt32LE(
    parts.reduce((bytes, part) => bytes + part.byteLength, 0),
    4,
  )
  stream.cork()
  stream.write(prefix)
  stream.write(text)
  for (const part of parts) if (part.byteLength > 0) stream.write(part)
  stream.uncork()
}

/** Tensors as the header tells them and as the payload holds them. */
export function packTensors(tensors: Tensors): { tensors: TensorPart[]; parts: Uint8Array[] } {
  const described: TensorPart[] = []
  const parts: Uint8Array[] = []
  for (const [name, tensor] of Object.entries(tensors)) {
    const { datatype, shape } = tensor
    const bytes =
      tensor.datatype === 'BYTES'
        ? packTexts(tensor.data)
        : new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength)
    described.push({ name, datatype, shape, bytes: bytes.byteLength })
    parts.push(bytes, FILLER.subarray(0, padding(bytes.byteLength)))
  }
  return { tensors: described, parts }
}

/** The tensors of a payload, in its own memory. @throws RangeError when they are not what the header tells */
export function unpackTensors(parts: readonly TensorPart[], payload: ArrayBuffer): Record<string, Tensor> {
  const tensors: Record<string, Tensor> = {}
  let offset = 0
  for (const { name, datatype, shape, bytes } of parts) {
    const elements = elementsOf(shape)
    if (datatype === 'BYTES')
      tensors[name] = { datatype, shape, data: unpackTexts(Buffer.from(payload, offset, bytes), elements) }
    else {
      const data = new ARRAYS[datatype](payload, offset, elements)
      if (data.byteLength !== bytes) throw new RangeError(`"${name}" has ${bytes} bytes for ${elements} elements`)
      tensors[name] = { datatype, shape, data }
    }
    offset += bytes + padding(bytes)
  }
  return tensors
}

function packTexts(texts: readonly (string | Uint8Array)[]): Uint8Array {
  const encoded = texts.map((text) => (typeof text === 'string' ? Buffer.from(text) : text))
  const packed = Buffer.allocUnsafe(encoded.reduce((bytes, text) => bytes + 4 + text.byteLength, 0))
  let offset = 0
  for (const text of encoded) {
    offset = packed.writeUInt32LE(text.byteLength, offset)
    packed.set(text, offset)
    offset += text.byteLength
  }
  return packed
}

function unpackTexts(packed: Buffer, count: number): string[] {
  const texts: string[] = []
  let offset = 0
  for (let i = 0; i < count; i++) {
    const start = offset + 4
    offset = start + packed.readUInt32LE(offset)
    if (offset > packed.byteLength) throw new RangeError('a text is longer than what was sent')
    texts.push(packed.toString('utf8', start, offset))
  }
  return texts
}

/** Calls `onFrame` with each frame of a stream, in order; `onBroken` once when what comes is none. */
export function readFrames(stream: Duplex, onFrame: (frame: Frame) => void, onBroken: (reason: string) => void): void {
  const prefix = Buffer.alloc(PREFIX_BYTES)
  let header = Buffer.alloc(0)
  let payload = Buffer.alloc(0)
  let parsed: Record<string, unknown> | undefined
  // What is filled now, how far, and in which order: prefix, header, payload.
  let target = prefix
  let filled = 0
  let broken = false

  function next(): boolean {
    if (target === prefix) {
      const [headerBytes, payloadBytes] = [prefix.readUInt32LE(0), prefix.readUInt32LE(4)]
      if (headerBytes === 0 || headerBytes > LARGEST_HEADER || payloadBytes > LARGEST_PAYLOAD) return false
      header = Buffer.allocUnsafe(headerBytes)
      // Memory of its own and aligned: the tensors are read where they lie.
      payload = Buffer.from(new ArrayBuffer(payloadBytes))
      target = header
    } else if (target === header) {
      try {
        parsed = JSON.parse(header.toString()) as Record<string, unknown>
      } catch {
        return false
      }
      target = payload
    } else {
      const frame = { header: parsed!, payload: payload.buffer as ArrayBuffer }
      target = prefix
      onFrame(frame)
    }
    filled = 0
    return true
  }

  stream.on('data', (chunk: Buffer) => {
    let from = 0
    // Once more when the chunk is over: an empty payload needs no byte to be full.
    while (!broken && (from < chunk.length || (filled === target.length && target.length === 0))) {
      const taken = chunk.copy(target, filled, from)
      from += taken
      filled += taken
      if (filled === target.length && !next()) {
        broken = true
        onBroken('what it sent is no frame')
      }
    }
  })
}
