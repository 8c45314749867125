/**
 * Protobuf messages taken apart and put together field by field (https://protobuf.dev/programming-guides/encoding), so that a file
 * of anybody's can be changed in a few places while everything else stays as it is, whatever its writer knew that we do not.
 */

const VARINT = 0
const FIXED64 = 1
const LENGTH = 2
const FIXED32 = 5

export interface Field {
  readonly id: number
  /** Of a message, a text or bytes: what is in it. */
  readonly content: Uint8Array | undefined
  /** Of a whole number. */
  readonly value: number | undefined
  /** The field as it stands, its tag included. */
  readonly raw: Uint8Array
}

/** The fields of a message in their order. @throws RangeError when it is damaged */
export function* fieldsOf(message: Uint8Array): Generator<Field> {
  let at = 0
  const varint = (): number => {
    let [value, factor] = [0, 1]
    for (;;) {
      if (at >= message.length || factor > 2 ** 63) throw new RangeError('a number is cut off')
      const byte = message[at++]!
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
      factor *= 128
    }
  }
  while (at < message.length) {
    const start = at
    const tag = varint()
    const wire = tag % 8
    const value = wire === VARINT || wire === LENGTH ? varint() : undefined
    const from = at
    at += wire === LENGTH ? value! : wire === FIXED64 ? 8 : wire === FIXED32 ? 4 : 0
    if (at > message.length || ![VARINT, FIXED64, LENGTH, FIXED32].includes(wire))
      throw new RangeError('a field is cut off')
    yield {
      id: Math.floor(tag / 8),
      content: wire === LENGTH ? message.subarray(from, at) : undefined,
      value: wire === VARINT ? value : undefined,
      raw: message.subarray(start, at),
    }
  }
}

/** A message that is being put together: pieces, not copied before the whole is. */
export class MessageBuilder {
  readonly pieces: Uint8Array[] = []
  length = 0

  /** A field as it stands. */
  keep({ raw }: Pick<Field, 'raw'>): void {
    this.#push(raw)
  }

  number(id: number, value: number): void {
    this.#push(varintOf(id * 8 + VARINT))
    this.#push(varintOf(value))
  }

  text(id: number, value: string): void {
    this.bytes(id, Buffer.from(value))
  }

  bytes(id: number, content: Uint8Array): void {
    this.#push(varintOf(id * 8 + LENGTH))
    this.#push(varintOf(content.length))
    this.#push(content)
  }

  message(id: number, content: MessageBuilder): void {
    this.#push(varintOf(id * 8 + LENGTH))
    this.#push(varintOf(content.length))
    for (const piece of content.pieces) this.#push(piece)
  }

  finish(): Uint8Array {
    return Buffer.concat(this.pieces)
  }

  #push(piece: Uint8Array): void {
    this.pieces.push(piece)
    this.length += piece.length
  }
}

function varintOf(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  do {
    const more = rest >= 128
    bytes.push((rest % 128) + (more ? 128 : 0))
    rest = Math.floor(rest / 128)
  } while (rest > 0)
  return Uint8Array.from(bytes)
}

export const textOf = (content: Uint8Array): string => Buffer.from(content).toString('utf8')
