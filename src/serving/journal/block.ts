import { crc32 } from 'node:zlib'

/*
 * What one write appends: how long its text is, a checksum of it, and the text. A crash can leave the last block of a file cut or
 * half written; its checksum tells, and it was never acknowledged.
 */

/** `ORJ1`, little-endian: where a block begins. */
const MAGIC = 0x314a524f
const MAGIC_BYTES = Buffer.from('ORJ1')
const HEADER = 12

/** No block is that long; what claims to be is no block. */
const LONGEST = 256 << 20

export function encodeBlock(text: string): Buffer {
  const length = Buffer.byteLength(text)
  const block = Buffer.allocUnsafe(HEADER + length)
  block.write(text, HEADER)
  block.writeUInt32LE(MAGIC, 0)
  block.writeUInt32LE(length, 4)
  block.writeUInt32LE(crc32(block.subarray(HEADER)), 8)
  return block
}

export interface Blocks {
  /** Each with what it takes in the file. */
  readonly blocks: readonly { readonly text: string; readonly length: number }[]
  /** Bytes from the start up to which all is whole. */
  readonly whole: number
}

/** The blocks from the start of `bytes` to the first that is not whole. */
export function decodeBlocks(bytes: Buffer): Blocks {
  const blocks: { text: string; length: number }[] = []
  let at = 0
  while (at + HEADER <= bytes.length && bytes.readUInt32LE(at) === MAGIC) {
    const length = bytes.readUInt32LE(at + 4)
    const end = at + HEADER + length
    if (length > LONGEST || end > bytes.length) break
    const text = bytes.subarray(at + HEADER, end)
    if (crc32(text) !== bytes.readUInt32LE(at + 8)) break
    blocks.push({ text: text.toString(), length: end - at })
    at = end
  }
  return { blocks, whole: at }
}

/**
 * Whether a whole block lies behind bytes that are none. A crash only ever harms what was written last, so where something whole
 * follows, what was acknowledged is damaged.
 */
export function wholeBlockBehind(bytes: Buffer): boolean {
  for (let at = bytes.indexOf(MAGIC_BYTES, 1); at >= 0; at = bytes.indexOf(MAGIC_BYTES, at + 1))
    if (decodeBlocks(bytes.subarray(at)).whole > 0) return true
  return false
}
