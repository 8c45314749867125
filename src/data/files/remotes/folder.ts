import { constants, copyFileSync, lstatSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { blobPlace } from '#platform/blobs'
import { deposit } from '../deposit.ts'
import { RemoteRefused, StoreDamaged } from '../errors.ts'
import { choosePlacement } from '../placement.ts'
import { isStored, type Source } from '../stage.ts'
import { factsOf } from '../walk.ts'
import type { LocalBlob, Remote } from './remote.ts'

/** A folder: another disk, a mounted share. Bytes are always another copy, or a clone that is one once either changes. */
export function openFolderRemote(folder: string): Remote {
  const there = { folder, blobs: folder, arriving: join(folder, '.arriving') }
  return {
    url: folder,
    present: async (blobs) =>
      new Set(blobs.filter(({ hash, size }) => isStored(folder, hash, size)).map(({ hash }) => hash)),
    holds: async (hashes) =>
      new Set(hashes.filter((hash) => lstatSync(blobPlace(folder, hash), { throwIfNoEntry: false })?.isFile())),
    put: async (blobs, moved) => {
      if (blobs.length === 0) return
      try {
        mkdirSync(there.arriving, { recursive: true })
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        throw new RemoteRefused(folder, `it cannot be written (${code})`, 'Mount it, or mend its permissions.', error)
      }
      const placement = choosePlacement(undefined, blobs[0]!.path, there.arriving) === 'reflink' ? 'reflink' : 'copy'
      const damaged: string[] = []
      await deposit(blobs.map(sourceOf), {
        ...{ home: there, placement, progress: moved },
        stored: (outcomes) => {
          for (const [i, outcome] of outcomes) if (outcome.state !== 'stored') damaged.push(blobs[i]!.hash)
        },
      })
      if (damaged.length > 0) throw new StoreDamaged(damaged)
    },
    get: async (blobs, into, moved) => {
      for (const { hash, size } of blobs) {
        const place = blobPlace(folder, hash)
        if (!lstatSync(place, { throwIfNoEntry: false })?.isFile()) continue
        copyFileSync(place, join(into, hash), constants.COPYFILE_FICLONE)
        moved(1, size)
      }
    },
  }
}

function sourceOf({ path, hash }: LocalBlob): Source {
  return { ...factsOf(lstatSync(path)), absolute: path, linkable: false, expected: hash }
}
