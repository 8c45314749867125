import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { RangeNotSatisfiable } from './errors.ts'

/** Bytes under a hash, to be sent as a file. */
export interface SentFile {
  readonly path: string
  /** `sha256:` and 64 hex digits. */
  readonly hash: string
  readonly type: string
  /** What a browser is to save it as. */
  readonly name: string
}

/**
 * Sends a file that never changes, or the part of it that a `Range` asks for (RFC 9110, one range; of several the whole
 * file is sent). Its hash is its `ETag`, so a transfer that was cut off goes on with `If-Range`, and its `Repr-Digest`
 * (RFC 9530), so that who received it all can tell.
 *
 * @throws RangeNotSatisfiable
 */
export async function sendFile(request: FastifyRequest, reply: FastifyReply, file: SentFile): Promise<FastifyReply> {
  const { size } = await stat(file.path)
  const etag = `"${file.hash}"`
  reply
    .header('etag', etag)
    .header('repr-digest', `sha-256=:${Buffer.from(file.hash.slice('sha256:'.length), 'hex').toString('base64')}:`)
    .header('accept-ranges', 'bytes')
    .header('cache-control', 'private, no-cache')
  const { 'if-none-match': known, 'if-range': unchanged, range } = request.headers
  if (known?.split(',').some((one) => one.trim() === etag)) return reply.status(304).send()
  const part = unchanged === undefined || unchanged === etag ? partOf(range, size) : undefined
  if (part === 'none') {
    reply.header('content-range', `bytes */${size}`)
    throw new RangeNotSatisfiable(range!, size)
  }
  const { from, to } = part ?? { from: 0, to: size - 1 }
  if (part) reply.status(206).header('content-range', `bytes ${from}-${to}/${size}`)
  return reply
    .header('content-type', file.type)
    .header('x-content-type-options', 'nosniff')
    .header('content-disposition', `attachment; filename="${file.name.replaceAll(/[^\w.@-]/g, '_')}"`)
    .header('content-length', to - from + 1)
    .send(size === 0 ? '' : createReadStream(file.path, { start: from, end: to }))
}

/** The bytes that are asked for, both ends included; `none` where there are none; `undefined` for the whole file. */
export function partOf(range: string | undefined, size: number): { from: number; to: number } | 'none' | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(range ?? '') ?? []
  if (first === undefined || last === undefined || first + last === '') return undefined
  if (first === '') return Number(last) === 0 ? 'none' : { from: Math.max(0, size - Number(last)), to: size - 1 }
  const [from, to] = [Number(first), last === '' ? size - 1 : Math.min(Number(last), size - 1)]
  // A range that ends before it begins is none at all, and the header is not looked at.
  if (last !== '' && Number(last) < from) return undefined
  return from < size ? { from, to } : 'none'
}
