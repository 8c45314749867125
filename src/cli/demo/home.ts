import { readdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { openHome } from '#platform/home'
import type { World } from '#worlds'
import { WrongUse } from '../errors.ts'

const DEFAULT = join('.orrery', 'demo')

/**
 * The demo's own home folder, empty. The default one is emptied at every start; one that was named must be empty or
 * new, so that no typing error costs anybody their server.
 *
 * @throws WrongUse, HomeInUse (a demo that was kept still runs), HomeNotWritable
 */
export async function freshHome(named: string | undefined, world: Pick<World, 'name'>): Promise<string> {
  const folder = resolve(named ?? join(DEFAULT, world.name))
  if (named !== undefined) {
    const there = await readdir(folder).catch(() => [])
    if (there.length > 0)
      throw new WrongUse(`${folder} is not empty.`, 'The demo starts from nothing: name a new folder, or none.')
    return folder
  }
  // Whoever holds it is found out before anything is removed.
  const home = await openHome(folder)
  await home.release()
  await rm(folder, { recursive: true, force: true })
  return folder
}
