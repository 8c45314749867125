import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { blobPlace } from '#platform/blobs'
import { PictureGone } from '../errors.ts'

/** Where the bytes of a table's pictures are. */
export interface PicturePlaces {
  /** The folder of the source. */
  readonly root: string
  /** The store's folder: pictures that were kept when they were served, or added as a data set of files. */
  readonly blobs: string
}

/**
 * The bytes of a picture by its hash: the file that the table was made from, while it is still the same, or the store's.
 *
 * @throws PictureGone
 */
export async function findPicture({ root, blobs }: PicturePlaces, hash: string, file: string | null): Promise<Buffer> {
  const places = [...(file === null ? [] : [join(root, file)]), blobPlace(blobs, hash.replace('sha256:', ''))]
  for (const place of places) {
    const bytes = await readFile(place).catch(() => undefined)
    if (bytes && `sha256:${createHash('sha256').update(bytes).digest('hex')}` === hash) return bytes
  }
  throw new PictureGone(hash, file)
}
