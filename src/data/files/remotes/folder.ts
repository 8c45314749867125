import { constants, copyFileSync, lstatSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { blobPlace } from '#platform/blobs'
import { deposit } from '../deposit.ts'
import { makeFolders } from '../durable.ts'
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
      readable(folder, () => new Set(blobs.flatMap(({ hash, size }) => (isStored(folder, hash, size) ? [hash] : [])))),
    holds: async (hashes) => readable(folder, () => new Set(hashes.filter((hash) => isFile(blobPlace(folder, hash))))),
    put: async (blobs, moved) => {
      if (blobs.length === 0) return
      try {
        makeFolders(there.arriving)
        sweep(there.arriving)
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
        if (!readable(folder, () => isFile(place))) continue
        copyFileSync(place, join(into, hash), constants.COPYFILE_FICLONE)
        moved(1, size)
      }
    },
  }
}

const isFile = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isFile() === true

/** A file where the folder should be, a share that is not ours to read. */
function readable<T>(folder: string, look: () => T): T {
  try {
    return look()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new RemoteRefused(folder, `it cannot be read (${code})`, 'Mount it, or mend its permissions.', error)
  }
}

/** What a kill left under way. Others may be sending this moment, from other machines: what is a day old is nobody's. */
function sweep(arriving: string): void {
  const dayAgo = Date.now() - 86_400_000
  for (const { name } of readdirSync(arriving, { withFileTypes: true }).filter((one) => one.isDirectory())) {
    const folder = join(arriving, name)
    const changed = (path: string) => lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
    const isOld = changed(folder) < dayAgo && readdirSync(folder).every((file) => changed(join(folder, file)) < dayAgo)
    if (isOld) rmSync(folder, { recursive: true, force: true })
  }
}

function sourceOf({ path, hash }: LocalBlob): Source {
  return { ...factsOf(lstatSync(path)), absolute: path, linkable: false, expected: hash }
}
