import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { garbage } from '#data/files'
import { DONE } from '../exit.ts'
import { GOOD, printJson } from '../output.ts'
import { bytes, count, counted, shortHash } from '../wording.ts'
import { type DataOptions, homeOf } from './options.ts'

interface Options extends DataOptions {
  remove?: boolean
  database?: string
}

const MOST_LINES = 50

/** Says what nothing refers to any longer; takes it out of the store only when told to. */
export async function gc(options: Options): Promise<number> {
  const { collectGarbage } = await garbage()
  const found = await collectGarbage(homeOf(options), {
    remove: options.remove === true,
    database: options.database ?? process.env.ORRERY_DATABASE,
  })
  const kept = await orderedViews(homeOf(options).folder, options.remove === true)
  if (options.json) {
    printJson({ ...found, ordered: kept })
    return DONE
  }
  for (const { dataset, version } of found.versions.slice(0, MOST_LINES))
    console.log(`  ${dataset}  ${shortHash(version)}`)
  if (found.versions.length > MOST_LINES) console.log(`  … and ${count(found.versions.length - MOST_LINES)} more`)
  for (const repository of found.lostRepositories)
    if (repository !== '') console.log(`  ${repository} is not there: its versions are kept`)
  const what = `${counted(found.versions.length, 'version')} that nothing refers to, ${counted(found.blobs, 'blob')}, ${bytes(found.bytes)}`
  console.log(found.removed ? `${GOOD} removed: ${what}` : `${what}. Nothing was removed; --remove does.`)
  if (kept.views > 0)
    console.log(
      `  ${counted(kept.views, 'feature view')} kept in order for later joins, ${bytes(kept.bytes)}${found.removed ? ': removed' : '; --remove takes them, too'}`,
    )
  if (found.spared > 0)
    console.log(`  ${counted(found.spared, 'blob')} kept: the server refers to them, or they were used just now`)
  return DONE
}

/** What joins left for later ones is always good, and never needed: it makes room first. */
async function orderedViews(home: string, remove: boolean): Promise<{ views: number; bytes: number }> {
  const folder = join(home, 'features', 'ordered')
  if (!existsSync(folder)) return { views: 0, bytes: 0 }
  const { forgetOrdered, sizeOfOrdered } = await import('#features')
  const size = await sizeOfOrdered(folder)
  if (remove) await forgetOrdered(folder)
  return size
}
