import { constants, copyFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Placement } from './stage.ts'

/**
 * The cheapest way between a working tree and the store that is safe: a clone where the file system has them, a hard
 * link where the file can be made read-only, else a copy. For root nothing is read-only, so root gets copies unless
 * links are asked for.
 */
export function choosePlacement(asked: Placement | undefined, sample: string, storeFolder: string): Placement {
  if (asked === 'copy') return 'copy'
  if (asked !== 'link' && canClone(sample, storeFolder)) return 'reflink'
  if (statSync(sample).dev !== statSync(storeFolder).dev) return 'copy'
  if (asked === 'link') return 'link'
  const everythingIsWritable = process.platform === 'win32' || process.geteuid?.() === 0
  return everythingIsWritable ? 'copy' : 'link'
}

function canClone(sample: string, folder: string): boolean {
  const probe = join(folder, `.clone-${process.pid}`)
  try {
    copyFileSync(sample, probe, constants.COPYFILE_FICLONE_FORCE)
    return true
  } catch {
    return false
  } finally {
    rmSync(probe, { force: true })
  }
}
