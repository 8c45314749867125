import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { relative, resolve, sep } from 'node:path'
import { blobPlace } from '#platform/blobs'
import { PictureGone } from './errors.ts'

/** Where the bytes of a table's pictures are. */
export interface PicturePlaces {
  /** Folders that the table's files are named from. */
  readonly roots: readonly string[]
  /** The store's folder: pictures that were kept when they were served, or added as a data set of files. */
  readonly blobs: string
}

/** A picture as a row of a table names it: by what it is, by where it lies, or both. */
export interface NamedPicture {
  /** `sha256:` and 64 digits. */
  readonly hash: string | null
  /** Below one of the roots. */
  readonly file: string | null
}

/**
 * The bytes of a picture: the file that the table was made from, while it is still the same, or the store's. Nothing outside of
 * the roots is read, whatever a table says.
 *
 * @throws PictureGone
 */
export async function findPicture({ roots, blobs }: PicturePlaces, { hash, file }: NamedPicture): Promise<Buffer> {
  const places = [
    ...(file === null ? [] : roots.flatMap((root) => below(root, file) ?? [])),
    ...(hash !== null && /^sha256:[0-9a-f]{64}$/.test(hash) ? [blobPlace(blobs, hash.replace('sha256:', ''))] : []),
  ]
  for (const place of places) {
    const bytes = await readFile(place).catch(() => undefined)
    if (bytes && (hash === null || `sha256:${createHash('sha256').update(bytes).digest('hex')}` === hash)) return bytes
  }
  throw new PictureGone(hash, file)
}

function below(root: string, file: string): string | undefined {
  const place = resolve(root, file)
  const path = relative(root, place)
  return path === '' || path === '..' || path.startsWith(`..${sep}`) || resolve(path) === path ? undefined : place
}
