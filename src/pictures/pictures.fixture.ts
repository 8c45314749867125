import { deflateSync } from 'node:zlib'
import { loadLibrary } from './library.ts'
import type { Pixels } from './pixels.ts'

/** A picture drawn for tests: a bright disc on a dark ground, left of the middle. */
export function drawnPixels(width = 64, height = 48): Pixels {
  const data = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const inside = Math.hypot(x - width / 4, y - height / 2) < height / 4
      data.set(inside ? [220, 180, 60] : [30, 50, 40 + (x % 8)], (y * width + x) * 3)
    }
  return { width, height, channels: 3, data }
}

export async function drawn(kind: 'jpeg' | 'png', width = 64, height = 48): Promise<Buffer> {
  const sharp = await loadLibrary()
  const { data } = drawnPixels(width, height)
  const picture = sharp(data, { raw: { width, height, channels: 3 } })
  return kind === 'jpeg' ? picture.jpeg({ quality: 95 }).toBuffer() : picture.png().toBuffer()
}

/** A PNG of a few kB whose header promises this many pixels: a decompression bomb. */
export function bomb(width: number, height: number): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 2, 0, 0, 0], 8)
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc(1_000_000))),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, sum])
}

function crc32(bytes: Buffer): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let k = 0; k < 8; k++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return (crc ^ 0xffffffff) >>> 0
}
