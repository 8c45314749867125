import { lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs'
import { linkStaysInside } from './manifest.ts'
import { POINTER_ENDING } from './pointer.ts'

/** What the file system says of a file without reading it; equal facts mean equal bytes once they have settled. */
export interface Facts {
  readonly size: number
  readonly mtime: number
  readonly ctime: number
  readonly inode: number
}

export interface FoundFile extends Facts {
  /** From the dataset's folder; empty for a dataset of a single file. */
  readonly path: string
  readonly executable: boolean
  /** Names of its bytes in the file system. */
  readonly names: number
  readonly device: number
}

export interface Tree {
  readonly files: FoundFile[]
  readonly links: { path: string; target: string }[]
  readonly refused: { path: string; why: string }[]
  /** Time of change of each folder, which moves when a name is added to it or taken away. */
  readonly folders: Map<string, number>
}

export const factsOf = (stats: Stats): Facts => ({
  size: stats.size,
  mtime: stats.mtimeMs,
  ctime: stats.ctimeMs,
  inode: stats.ino,
})

export const sameFacts = (a: Facts, b: Facts): boolean =>
  a.mtime === b.mtime && a.size === b.size && a.inode === b.inode && a.ctime === b.ctime

export const found = (path: string, stats: Stats): FoundFile => ({
  path,
  size: stats.size,
  mtime: stats.mtimeMs,
  ctime: stats.ctimeMs,
  inode: stats.ino,
  executable: (stats.mode & 0o100) !== 0,
  names: stats.nlink,
  device: stats.dev,
})

/**
 * Everything below a folder, without following a symbolic link: so there are no loops, and nothing from elsewhere.
 * A link that stays inside is kept as a link; one that leads out is refused, as are devices, sockets and pipes.
 * Empty folders are not kept, as in git.
 */
export function walkTree(root: string): Tree {
  const tree: Tree = { files: [], links: [], refused: [], folders: new Map() }
  const pending = ['']
  for (let below = pending.pop(); below !== undefined; below = pending.pop()) {
    const prefix = below === '' ? '' : `${below}/`
    const folder = below === '' ? root : `${root}/${below}`
    let names: { name: string; isDirectory(): boolean; isFile(): boolean; isSymbolicLink(): boolean }[]
    try {
      tree.folders.set(below, lstatSync(folder).ctimeMs)
      names = readdirSync(folder, { withFileTypes: true })
    } catch (error) {
      tree.refused.push({ path: below || '.', why: reason(error) })
      continue
    }
    for (const entry of names) {
      const path = prefix + entry.name
      try {
        if (entry.name.includes('\ufffd') && !isThere(`${root}/${path}`))
          tree.refused.push({ path, why: 'its name is no UTF-8' })
        else if (entry.isFile()) {
          if (entry.name.endsWith(POINTER_ENDING)) tree.refused.push({ path, why: 'a pointer file of another dataset' })
          else tree.files.push(found(path, lstatSync(`${root}/${path}`)))
        } else if (entry.isDirectory()) {
          if (entry.name === '.git') tree.refused.push({ path, why: 'a git repository of its own' })
          else pending.push(path)
        } else if (entry.isSymbolicLink()) {
          const target = readlinkSync(`${root}/${path}`)
          if (linkStaysInside(path, target)) tree.links.push({ path, target })
          else tree.refused.push({ path, why: 'a symbolic link that leads out of the dataset' })
        } else tree.refused.push({ path, why: 'neither file, folder nor symbolic link' })
      } catch (error) {
        // Gone since its folder was listed: the folder's time of change tells, and it is listed again.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') tree.refused.push({ path, why: reason(error) })
      }
    }
  }
  return tree
}

/** Folders in which a name came or went since the walk. */
export function foldersChanged(root: string, tree: Tree): string[] {
  return [...tree.folders].flatMap(([path, changed]) => {
    const now = lstatSync(path === '' ? root : `${root}/${path}`, { throwIfNoEntry: false })
    return now?.ctimeMs === changed ? [] : [path || '.']
  })
}

/** A name that is no UTF-8 comes with replacement characters, and is not found under them. */
const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined

export function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'EACCES' || code === 'EPERM') return 'not readable for this user'
  if (code === 'EIO') return 'the disk failed to read it'
  return code ?? message
}
