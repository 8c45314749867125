import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { blobPlace } from '#platform/blobs'
import type { Measured } from '#pictures'
import type { PictureExpectation } from '#projects/contract'
import { writeDurably } from '../files/durable.ts'
import type { Entry } from '../files/manifest.ts'
import type { PictureProfile } from './contract.ts'
import type { DescribedPicture } from './described.ts'
import { NoPictures } from './errors.ts'
import { checkPictures } from './expectations.ts'
import { openMeasuredStore } from './measured-store.ts'
import { isPicture, placeOfPicture } from './parts.ts'
import { describePictures, shownPictures } from './profile.ts'
import { donePictures } from './workers.ts'

/** Pictures whose facts may be lost by a kill, and are measured again. */
const KEPT_AT_ONCE = 256
const THUMBNAIL = 112

export interface PictureHome {
  readonly folder: string
  readonly blobs: string
}

export interface PictureVersion {
  readonly dataset: string
  /** `sha256:…` of the list of files. */
  readonly version: string
  readonly entries: readonly Entry[]
}

/**
 * Measures the pictures of a version that were not measured before, in processes of their own, and describes them
 * all. What was measured is kept by its hash as it comes: after a kill it goes on where it was.
 *
 * @param options.measured is told how many pictures are done, of how many
 * @throws NoPictures, PictureUnread
 */
export async function profilePictures(
  home: PictureHome,
  { dataset, version, entries }: PictureVersion,
  options: {
    expect?: readonly PictureExpectation[]
    measured?: (done: number, of: number) => void
    signal?: AbortSignal
  } = {},
): Promise<{ profile: PictureProfile; pictures: readonly DescribedPicture[] }> {
  const files = entries.filter((entry) => entry.mode !== 'link')
  const found = files.filter(({ path }) => isPicture(path || dataset))
  if (found.length === 0) throw new NoPictures(dataset)
  const facts = await measureAll(home, found, options)
  const pictures = found.map(({ path, hash, size }): DescribedPicture => {
    return { path: path || dataset, hash, bytes: size, ...placeOfPicture(path), facts: facts.get(hash)! }
  })
  const described = describePictures(pictures, { version, files: files.length, madeAt: Date.now() })
  const profile: PictureProfile = {
    ...described,
    thumbnails: await thumbnailsOf(home, shownPictures(described), options.signal),
    expectations: checkPictures(pictures, described, options.expect ?? []),
  }
  keepProfile(home, profile)
  return { profile, pictures }
}

async function measureAll(
  home: PictureHome,
  found: readonly Entry[],
  { measured = () => {}, signal }: { measured?: (done: number, of: number) => void; signal?: AbortSignal },
): Promise<Map<string, Measured>> {
  const store = openMeasuredStore(join(home.folder, 'data', 'pictures.db'))
  try {
    const facts = new Map<string, Measured>()
    const missing = new Set<string>()
    for (const { hash } of found) {
      if (facts.has(hash) || missing.has(hash)) continue
      const known = store.known(hash)
      if (known) facts.set(hash, known)
      else missing.add(hash)
    }
    const all = facts.size + missing.size
    measured(facts.size, all)
    const fresh = new Map<string, Measured>()
    const keep = () => {
      store.keep(fresh)
      fresh.clear()
    }
    const works = [...missing].map((hash) => ({ hash, path: blobPlace(home.blobs, hash) }))
    try {
      await donePictures(
        works,
        (done) => {
          const one: Measured = 'lost' in done ? { problem: done.lost, reason: LOST[done.lost] } : done.measured!
          facts.set(done.hash, one)
          fresh.set(done.hash, one)
          if (fresh.size >= KEPT_AT_ONCE) keep()
          measured(facts.size, all)
        },
        signal,
      )
    } finally {
      keep()
    }
    return facts
  } finally {
    store.close()
  }
}

const LOST = { crashed: 'the decoder ended', too_slow: 'the decoder did not come to an end' }

async function thumbnailsOf(home: PictureHome, shown: ReadonlySet<string>, signal?: AbortSignal) {
  const thumbnails: Record<string, string> = {}
  const works = [...shown].map((hash) => ({ hash, path: blobPlace(home.blobs, hash), thumbnail: THUMBNAIL }))
  await donePictures(
    works,
    (done) => {
      if (!('lost' in done) && done.thumbnail) thumbnails[done.hash] = done.thumbnail
    },
    signal,
  )
  return thumbnails
}

const fileOf = ({ folder }: Pick<PictureHome, 'folder'>, version: string) =>
  join(folder, 'data', 'profiles', `${createHash('sha256').update(version).digest('hex').slice(0, 32)}.json`)

function keepProfile(home: PictureHome, profile: PictureProfile): void {
  mkdirSync(join(home.folder, 'data', 'profiles'), { recursive: true })
  writeDurably(fileOf(home, profile.version), JSON.stringify(profile))
}

/** The profile that was made of a version, here or by the server. */
export function keptProfile(home: Pick<PictureHome, 'folder'>, version: string): PictureProfile | undefined {
  const file = fileOf(home, version)
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined
}
