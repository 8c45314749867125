import { isUtf8 } from 'node:buffer'
import { createHash, type Hash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { NotUtf8 } from '../errors.ts'
import type { SourceFile } from '../sources/resolved.ts'

const CHUNK = 4 * 1024 * 1024

/**
 * Reads a file once from end to end: its sha256, and for text the check that it is UTF-8. Memory does not grow with
 * the file.
 *
 * @param also is fed the same bytes, for the hash of several files joined
 * @throws NotUtf8 with line and byte of the first offence
 */
export async function scanBytes(file: SourceFile, options: { text: boolean; also?: Hash }): Promise<string> {
  const digest = createHash('sha256')
  await using handle = await open(file.path)
  const buffer = Buffer.allocUnsafe(CHUNK)
  // Bytes of a character that the last chunk cut in two, moved to the front.
  let carried = 0
  let position = 0
  for (;;) {
    const { bytesRead } = await handle.read(buffer, carried, CHUNK - carried, position)
    const fresh = buffer.subarray(carried, carried + bytesRead)
    digest.update(fresh)
    options.also?.update(fresh)
    if (options.text) {
      const held = buffer.subarray(0, carried + bytesRead)
      if (position === 0) refuseUtf16(file, held)
      const whole = bytesRead === 0 ? held.length : held.length - cutCharacter(held)
      const start = position - carried
      const text = held.subarray(0, whole)
      if (!isUtf8(text)) await refuseAt(file, start + firstInvalid(text), 'a byte sequence that is no character')
      const nul = text.indexOf(0)
      if (nul >= 0) await refuseAt(file, start + nul, 'a NUL byte, which no text has (UTF-16, or a binary file?)')
      carried = held.copyWithin(0, whole).length - whole
    }
    position += bytesRead
    if (bytesRead === 0) return digest.digest('hex')
  }
}

function refuseUtf16(file: SourceFile, start: Buffer): void {
  const mark = start.subarray(0, 2).toString('hex')
  if (mark === 'fffe' || mark === 'feff') throw new NotUtf8({ file: file.name, line: 1 }, 0, 'the mark of UTF-16')
}

async function refuseAt(file: SourceFile, offset: number, what: string): Promise<never> {
  throw new NotUtf8({ file: file.name, line: await lineAt(file, offset) }, offset, what)
}

/** How many bytes at the end belong to a character that is not whole yet. */
function cutCharacter(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!
    if ((byte & 0b1100_0000) === 0b1000_0000) continue
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    return length > back ? back : 0
  }
  return 0
}

/** Where the first byte sequence that is no character begins; bisects, since a longer prefix is no better. */
function firstInvalid(bytes: Buffer): number {
  const wholePrefix = (length: number) => {
    const prefix = bytes.subarray(0, length)
    return prefix.subarray(0, length - cutCharacter(prefix))
  }
  let good = 0
  let bad = bytes.length
  while (bad - good > 1) {
    const middle = (good + bad) >>> 1
    if (isUtf8(wholePrefix(middle))) good = middle
    else bad = middle
  }
  return wholePrefix(good).length
}

/** The line, from 1, that the byte at `offset` is in. */
async function lineAt(file: SourceFile, offset: number): Promise<number> {
  await using handle = await open(file.path)
  const buffer = Buffer.allocUnsafe(CHUNK)
  let line = 1
  for (let position = 0; position < offset; ) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(CHUNK, offset - position), position)
    if (bytesRead === 0) break
    for (let at = buffer.indexOf(10); at >= 0 && at < bytesRead; at = buffer.indexOf(10, at + 1)) line++
    position += bytesRead
  }
  return line
}
