import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { SourceFile } from '../sources/resolved.ts'

/**
 * Copies of the files in which every line ends with LF, `undefined` when none of them mixes CRLF and LF. Such files
 * are common (concatenated, edited on two systems) and lose nothing, but DuckDB refuses them.
 */
export async function withPlainLineEnds(
  files: readonly SourceFile[],
  folder: string,
): Promise<SourceFile[] | undefined> {
  let anyMixed = false
  const copies: SourceFile[] = []
  for (const [i, file] of files.entries()) {
    const path = join(folder, 'plain-lines', String(i), ...(file.partition ?? []), 'table.csv')
    await mkdir(dirname(path), { recursive: true })
    const mixed = await copyWithPlainLineEnds(file.path, path)
    if (!mixed) await rm(path)
    anyMixed ||= mixed
    copies.push(mixed ? { ...file, path } : file)
  }
  return anyMixed ? copies : undefined
}

async function copyWithPlainLineEnds(from: string, to: string): Promise<boolean> {
  let [ends, pairs] = [0, 0]
  let held = ''
  const plain = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      // Latin-1 maps bytes to characters one to one, so UTF-8 passes through unchanged.
      const bytes = held + chunk.toString('latin1')
      held = bytes.endsWith('\r') ? '\r' : ''
      const whole = held ? bytes.slice(0, -1) : bytes
      const lines = whole.replaceAll('\r\n', '\n')
      pairs += whole.length - lines.length
      ends += lines.split('\n').length - 1
      done(null, Buffer.from(lines, 'latin1'))
    },
    flush(done) {
      done(null, Buffer.from(held, 'latin1'))
    },
  })
  await pipeline(createReadStream(from), plain, createWriteStream(to))
  return pairs > 0 && pairs < ends
}
