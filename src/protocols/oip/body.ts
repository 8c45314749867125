import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { gunzip, inflate } from 'node:zlib'
import { BodyCutShort, BodyNotUnpacked, BodyTooLarge, BodyTooSlow } from './errors.ts'

/** 64 MiB: a hundred pictures of 224 × 224 × 3 as FP32. */
export const LARGEST_BODY = 64 * 1024 * 1024

/** A body of this size has this long; a larger one gets as much more as a slow line needs. */
const BODY_MS = 30_000
const SLOWEST_BYTES_PER_SECOND = 256 * 1024

/** Elements of up to 8 bytes may be used where they lie. */
const ALIGNMENT = 8

/**
 * The body of a request, unpacked.
 *
 * @param header bytes before the first one whose place in memory matters: it is put where an array of numbers may begin
 * @param bodyMs how long a small one may take to arrive
 * @throws BodyTooLarge before anything is read, where the request says its size; BodyTooSlow, BodyCutShort, BodyNotUnpacked
 */
export async function readBody(
  request: IncomingMessage,
  limit: number,
  header = 0,
  bodyMs = BODY_MS,
): Promise<Uint8Array> {
  const encoding = request.headers['content-encoding']?.toLowerCase().trim() ?? 'identity'
  const length = Number(request.headers['content-length'] ?? Number.NaN)
  if (length > limit) throw new BodyTooLarge(limit)
  const body = Number.isNaN(length)
    ? await collected(request, limit, bodyMs)
    : await filled(request, length, header, bodyMs)
  return encoding === 'identity' || encoding === '' ? body : await unpacked(body, encoding, limit)
}

async function filled(request: IncomingMessage, length: number, header: number, bodyMs: number): Promise<Uint8Array> {
  const lead = (ALIGNMENT - (header % ALIGNMENT)) % ALIGNMENT
  // Not from Node's pool, whose pieces begin anywhere; and not cleared, since all of it is written.
  const memory = Buffer.allocUnsafeSlow(lead + length)
  let at = lead
  await eachPiece(request, length, bodyMs, (piece) => {
    at += piece.copy(memory, at)
  })
  return memory.subarray(lead, at)
}

async function collected(request: IncomingMessage, limit: number, bodyMs: number): Promise<Uint8Array> {
  const pieces: Buffer[] = []
  let size = 0
  await eachPiece(request, limit, bodyMs, (piece) => {
    size += piece.byteLength
    if (size > limit) throw new BodyTooLarge(limit)
    pieces.push(piece)
  })
  return Buffer.concat(pieces)
}

/** @param size what may come: it decides how long that may take. @throws BodyTooSlow, BodyCutShort, and what `take` throws */
function eachPiece(
  request: IncomingMessage,
  size: number,
  bodyMs: number,
  take: (piece: Buffer) => void,
): Promise<void> {
  const seconds = bodyMs / 1000 + Math.floor(size / SLOWEST_BYTES_PER_SECOND)
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      clearTimeout(timer)
      request.off('data', onData).off('end', onEnd).off('close', onCut).off('error', onCut)
      settle()
    }
    const onEnd = () => end(resolve)
    const onCut = () => end(() => reject(new BodyCutShort()))
    const onData = (piece: Buffer) => {
      try {
        take(piece)
      } catch (error) {
        end(() => reject(error))
      }
    }
    // The connection stays: why it ends is said over it.
    const timer = setTimeout(() => end(() => reject(new BodyTooSlow(seconds))), seconds * 1000)
    request.on('data', onData).on('end', onEnd).on('close', onCut).on('error', onCut)
  })
}

async function unpacked(body: Uint8Array, encoding: string, limit: number): Promise<Uint8Array> {
  const unpack = { gzip: gunzip, deflate: inflate }[encoding]
  if (!unpack) throw new BodyNotUnpacked(`its content-encoding "${encoding.slice(0, 50)}" is not known`)
  try {
    return await promisify(unpack)(body, { maxOutputLength: limit })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw new BodyTooLarge(limit)
    throw new BodyNotUnpacked(`it is no ${encoding}`)
  }
}
