import { WrongUse } from '../errors.ts'

const START = Buffer.from([0xff, 0xd8, 0xff])
const END = Buffer.from([0xff, 0xd9])
/** More than any frame: a stream that never ends one is none. */
const LARGEST_FRAME = 16 * 1024 * 1024

/**
 * The frames of a Motion JPEG stream (`multipart/x-mixed-replace`), found by the marks of JPEG itself: cameras differ in what
 * they write between them.
 *
 * @throws WrongUse when there is no such stream
 */
export async function* readMjpeg(address: string, signal: AbortSignal): AsyncGenerator<Buffer> {
  const reply = await fetch(address, { signal }).catch((error: Error) => {
    throw new WrongUse(
      `No camera answers at ${address}: ${(error.cause as Error)?.message ?? error.message}.`,
      'Check the address.',
    )
  })
  if (!reply.ok || !reply.body)
    throw new WrongUse(`${address} answers ${reply.status}.`, 'Check the address of the stream.')
  yield* framesIn(reply.body)
}

/** JPEG pictures in a stream of bytes, whatever stands between them. @throws WrongUse */
export async function* framesIn(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0)
  for await (const chunk of stream) {
    rest = Buffer.concat([rest, chunk])
    for (;;) {
      const start = rest.indexOf(START)
      const end = start < 0 ? -1 : rest.indexOf(END, start + START.length)
      if (end < 0) break
      yield rest.subarray(start, end + END.length)
      rest = rest.subarray(end + END.length)
    }
    if (rest.length > LARGEST_FRAME)
      throw new WrongUse('The stream has no end of a frame in 16 MiB.', 'Is it Motion JPEG?')
  }
}
