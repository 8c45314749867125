import { blobPlace } from '#platform/blobs'
import type { MeasuredStore } from './measured-store.ts'
import type { Decoders } from './workers.ts'

/** Its longest side, in pixels. */
const THUMBNAIL = 112

export interface PictureHome {
  readonly folder: string
  readonly blobs: string
}

/** Small JPEGs in base64, by hash; those that were made before are found, and there is none of what cannot be shown. */
export async function thumbnailsOf(
  home: Pick<PictureHome, 'blobs'>,
  { store, decoders }: { store: MeasuredStore; decoders: Decoders },
  shown: Iterable<string>,
  { signal }: { signal?: AbortSignal } = {},
): Promise<Record<string, string>> {
  const found = new Map<string, Uint8Array>()
  const missing: string[] = []
  for (const hash of new Set(shown)) {
    const small = store.thumbnail(hash)
    if (small) found.set(hash, small)
    else missing.push(hash)
  }
  const made = new Map<string, Uint8Array>()
  const works = missing.map((hash) => ({ hash, path: blobPlace(home.blobs, hash), thumbnail: THUMBNAIL }))
  await decoders.done(works, ({ hash, thumbnail }) => thumbnail && made.set(hash, thumbnail), signal)
  if (made.size > 0) store.keepThumbnails(made)
  return Object.fromEntries([...found, ...made].map(([hash, small]) => [hash, inBase64(small)] as const))
}

export const inBase64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
