import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { gunzip, inflate, inflateRaw } from 'node:zlib'
import { OrreryError } from '#platform/errors'

/** Of a request, packed or unpacked: what is larger is many batches, and its sender can make it smaller ones. */
export const LARGEST_BODY = 32 * 1024 * 1024

export class BodyTooLarge extends OrreryError {
  constructor(limit: number) {
    super({
      code: 'ORRERY_PROTOCOLS_BODY_TOO_LARGE',
      status: 413,
      message: `The request is larger than ${limit} bytes.`,
      hint: 'Send fewer spans at once: OTEL_BSP_MAX_EXPORT_BATCH_SIZE.',
    })
  }
}

export class BodyUnreadable extends OrreryError {
  constructor(reason: string) {
    super({
      code: 'ORRERY_PROTOCOLS_BODY_UNREADABLE',
      status: 400,
      message: `The request cannot be read: ${reason}.`,
      hint: 'Send OTLP over HTTP: protocol buffers or JSON, as it is or with gzip.',
    })
  }
}

/** The body of a request, unpacked. @throws BodyTooLarge, BodyUnreadable */
export async function readBody(request: IncomingMessage, limit = LARGEST_BODY): Promise<Uint8Array> {
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.length
    if (size > limit) throw new BodyTooLarge(limit)
    pieces.push(piece)
  }
  return unpacked(Buffer.concat(pieces), request.headers['content-encoding']?.toLowerCase().trim(), limit)
}

async function unpacked(body: Buffer, encoding: string | undefined, limit: number): Promise<Uint8Array> {
  const within = { maxOutputLength: limit }
  try {
    switch (encoding) {
      case undefined:
      case '':
      case 'identity':
        return body
      case 'gzip':
        return await promisify(gunzip)(body, within)
      case 'deflate':
        // Some clients leave out the header that the specification asks for: a first byte of x8 is its sign.
        return await promisify((body[0]! & 15) === 8 ? inflate : inflateRaw)(body, within)
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw new BodyTooLarge(limit)
    throw new BodyUnreadable(`it is no ${encoding}`)
  }
  throw new BodyUnreadable(`its encoding "${encoding.slice(0, 50)}" is unknown`)
}
