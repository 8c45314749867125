import { DataDiskFull, FolderNotWritable } from './errors.ts'

const FULL = ['ENOSPC', 'EDQUOT']
const WHY: Readonly<Record<string, { why: string; hint: string }>> = {
  EACCES: { why: 'this user may not write there', hint: 'Mend its permissions, or name another folder.' },
  EPERM: { why: 'this user may not write there', hint: 'Mend its permissions, or name another folder.' },
  EROFS: { why: 'it is mounted read-only', hint: 'Mount it for writing, or name another folder.' },
  ENOTDIR: { why: 'a part of its path is a file', hint: 'Name another folder.' },
  EFBIG: {
    why: 'a file is larger than this file system or this user may have one',
    hint: 'Use another file system (FAT ends at 4 GiB), or raise the limit (ulimit -f).',
  },
  EIO: { why: 'the disk failed', hint: 'Look at the log of the kernel, and at the disk.' },
}

/** What a disk refused, in words; any other error as it is. */
export function inWords(error: unknown, folder: string): unknown {
  const { code = '', syscall } = error as NodeJS.ErrnoException
  if (syscall === undefined) return error
  if (FULL.includes(code)) return new DataDiskFull(folder, error)
  const known = code === 'ENOENT' && syscall === 'mkdir' ? { ...WHY.EACCES!, why: 'it takes no folder' } : WHY[code]
  return known ? new FolderNotWritable(folder, known.why, known.hint, error) : error
}

/** Does what writes to a folder; what the disk refuses comes in words. */
export async function writingTo<T>(folder: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    throw inWords(error, folder)
  }
}
