import {
  closeSync,
  fdatasync,
  fsync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { open as openFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ulid } from 'ulid'

const [syncData, syncAll] = [promisify(fdatasync), promisify(fsync)]

/** Where a block lies: the file by its name, and the stretch of it. */
export interface Place {
  readonly segment: string
  readonly from: number
  readonly end: number
}

/** The files of a journal. One is appended to; those before it wait to be moved, and are then deleted. */
export interface Segments {
  /** Those that were there when the journal was opened, in the order in which they were written. */
  readonly earlier: readonly string[]
  /** Appends a block: all of it or nothing. It survives the end of this process. @throws what the disk says */
  append(block: Buffer): Place
  /** Resolves when all that was appended before survives a power cut. */
  sync(): Promise<void>
  /** A block again; `undefined` once its file was removed. */
  read(place: Place): Promise<Buffer | undefined>
  /** The file that is appended to, if there is one. */
  current(): string | undefined
  pathOf(segment: string): string
  remove(segment: string): void
  /** Keeps a file that is damaged under another name; nothing more is appended to it. */
  setAside(segment: string): void
  close(): void
}

/** 16 MiB, some 40,000 predictions: what a file may take longer than its records need it. */
const LARGEST_SEGMENT = 16 << 20
const ENDING = '.journal'

interface Open {
  readonly segment: string
  readonly fd: number
  size: number
  /** A new file's name is in its folder, which is synced by itself. */
  named: boolean
}

/**
 * @param synced whether `sync` is going to be called
 * @param largest bytes after which another file is begun
 */
export function openSegments(folder: string, synced: boolean, largest = LARGEST_SEGMENT): Segments {
  mkdirSync(folder, { recursive: true })
  const earlier = readdirSync(folder)
    .filter((name) => name.endsWith(ENDING))
    .sort()
  const folderFd = openSync(folder, 'r')
  let open: Open | undefined
  /** Full, and not synced yet. */
  let full: Open[] = []

  function next(): Open {
    // Names in the order of time; the database knows by name what was moved of it.
    const segment = `${ulid()}${ENDING}`
    return { segment, fd: openSync(join(folder, segment), 'ax'), size: 0, named: false }
  }

  function leave(): void {
    if (open && synced) full.push(open)
    else if (open) closeSync(open.fd)
    open = undefined
  }

  return {
    earlier,
    append: (block) => {
      if (open && open.size >= largest) leave()
      open ??= next()
      const { fd, size } = open
      try {
        for (let written = 0; written < block.length; ) written += writeSync(fd, block, written)
      } catch (error) {
        try {
          ftruncateSync(fd, size)
        } catch {
          // What was written of it stays at the end of this file, where it is passed over.
          leave()
        }
        throw error
      }
      open.size = size + block.length
      return { segment: open.segment, from: size, end: open.size }
    },
    sync: async () => {
      const [files, before] = [[...full, ...(open ? [open] : [])], full]
      const fresh = files.filter(({ named }) => !named)
      await Promise.all([...files.map(({ fd }) => syncData(fd)), ...(fresh.length > 0 ? [syncAll(folderFd)] : [])])
      for (const file of fresh) file.named = true
      full = full.filter((file) => !before.includes(file))
      for (const { fd } of before) closeSync(fd)
    },
    read: async ({ segment, from, end }) => {
      const file = await openFile(join(folder, segment)).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined
        throw error
      })
      if (!file) return undefined
      try {
        return (await file.read(Buffer.alloc(end - from), 0, end - from, from)).buffer
      } finally {
        await file.close()
      }
    },
    current: () => open?.segment,
    pathOf: (segment) => join(folder, segment),
    remove: (segment) => {
      if (open?.segment === segment) {
        closeSync(open.fd)
        open = undefined
      }
      rmSync(join(folder, segment), { force: true })
    },
    setAside: (segment) => {
      if (open?.segment === segment) leave()
      renameSync(join(folder, segment), join(folder, `${segment}.damaged`))
    },
    close: () => {
      for (const { fd } of [...full, ...(open ? [open] : [])]) closeSync(fd)
      full = []
      open = undefined
      closeSync(folderFd)
    },
  }
}
