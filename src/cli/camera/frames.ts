import { readdir, readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { WrongUse } from '../errors.ts'
import { readMjpeg } from './mjpeg.ts'

export interface Frame {
  readonly bytes: Uint8Array
  /** The folder that the file lies in, when it comes from a folder: what is on the picture, for those who know. */
  readonly label: string | undefined
  readonly name: string
}

/**
 * Frames of a camera: an MJPEG stream over HTTP, or the pictures below a folder in an order that mixes its folders, again from
 * the start when they end.
 *
 * @throws WrongUse
 */
export async function* framesOf(source: string, signal: AbortSignal): AsyncGenerator<Frame> {
  if (/^https?:\/\//.test(source)) {
    let number = 0
    for await (const bytes of readMjpeg(source, signal)) yield { bytes, label: undefined, name: `frame ${++number}` }
    return
  }
  const entries = await readdir(source, { recursive: true, withFileTypes: true }).catch((error: Error) => {
    throw new WrongUse(
      `"${source}" is no folder: ${error.message}.`,
      'Name a folder of JPEG files, or an MJPEG address.',
    )
  })
  const files = entries
    .filter((entry) => entry.isFile() && /\.(jpe?g|png)$/i.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    // Sorted by a mix of the name: folder after folder would be an hour of cats.
    .sort((a, b) => mixed(a) - mixed(b))
  if (files.length === 0) throw new WrongUse(`There is no JPEG or PNG below "${source}".`, 'Name another folder.')
  for (let i = 0; ; i = (i + 1) % files.length) {
    const path = files[i]!
    yield { bytes: await readFile(path), label: basename(dirname(path)), name: basename(path) }
  }
}

/** FNV-1a of the name. */
function mixed(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0
  return hash
}
