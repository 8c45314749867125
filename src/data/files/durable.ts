import { spawn } from 'node:child_process'
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Syncs the file system that holds `folder` in one call, which for thousands of files is a hundred times faster than
 * one at a time. Node has no `syncfs`; coreutils has.
 *
 * @returns whether this system can; if not, each file is to be synced
 */
export function syncFileSystem(folder: string): Promise<boolean> {
  if (process.platform !== 'linux') return Promise.resolve(false)
  return new Promise((resolve) => {
    const child = spawn('sync', ['-f', folder], { stdio: 'ignore' })
    child.on('error', () => resolve(false))
    child.on('exit', (code) => resolve(code === 0))
  })
}

/** Not Node's own recursion, which never ends where a folder that is there takes none (`/proc`, an automount). */
export function makeFolders(folder: string): void {
  try {
    mkdirSync(folder)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && statSync(folder).isDirectory()) return
    if (code !== 'ENOENT' || existsSync(dirname(folder))) throw error
    makeFolders(dirname(folder))
    mkdirSync(folder)
  }
}

/** Syncs a file's bytes, or the names in a folder. */
export function syncPath(path: string): void {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } catch (error) {
    // Windows does not sync folders, and file systems in user space may not sync anything.
    if (!['EPERM', 'EISDIR', 'EINVAL', 'ENOTSUP'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  } finally {
    closeSync(file)
  }
}

/** Replaces a file whole: whoever reads it finds the old bytes or the new ones, after a power cut too. */
export function writeDurably(path: string, bytes: Uint8Array | string): void {
  writeAside(path, bytes, true)
  syncPath(dirname(path))
}

/** The same for what can be made again: never torn, but a power cut may take it back. */
export function writeWhole(path: string, bytes: Uint8Array | string): void {
  writeAside(path, bytes, false)
}

function writeAside(path: string, bytes: Uint8Array | string, durable: boolean): void {
  makeFolders(dirname(path))
  const aside = `${path}.${process.pid}.aside`
  try {
    const file = openSync(aside, 'w')
    try {
      const data = typeof bytes === 'string' ? Buffer.from(bytes) : bytes
      for (let at = 0; at < data.length; ) at += writeSync(file, data, at)
      if (durable) fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(aside, path)
  } catch (error) {
    rmSync(aside, { force: true })
    throw error
  }
}
