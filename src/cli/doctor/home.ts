import { existsSync } from 'node:fs'
import { access, constants, readFile, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { bytes } from '../wording.ts'
import { bad, type Check, good, warn } from './check.ts'

/** Below this a training's files may not fit; below a tenth of it nothing does. */
const LITTLE = 2e9

/** The folder, or the nearest one above it that exists: that is where it would be made. */
function nearest(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : nearest(dirname(folder))
}

export async function checkHome(home: string): Promise<Check[]> {
  const place = nearest(home)
  const writable = await access(place, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  )
  const fix = `Mend its permissions (\`chown -R $USER ${place}\`), or name another folder with --home.`
  const written = writable
    ? good('home', place === home ? home : `${home}, still to be made`)
    : bad('home', `${place} cannot be written`, fix)
  const { bavail, bsize } = await statfs(place)
  const free = bavail * bsize
  const room = `${bytes(free)} free`
  const more = 'Free some space, or name a folder on another disk with --home.'
  return [
    written,
    free < LITTLE / 10 ? bad('space', room, more) : free < LITTLE ? warn('space', room, more) : good('space', room),
  ]
}

/** Who holds the home folder. A lock cannot be stale: the operating system lets it go with its process. */
export async function checkLock(home: string): Promise<Check> {
  const lock = join(home, 'server.lock')
  if (!existsSync(lock) || !isHeld(lock)) {
    const left = existsSync(join(home, 'server.json'))
    return good('lock', left ? 'free; the last server was killed and the next one takes up where it was' : 'free')
  }
  const by = await readFile(join(home, 'server.json'), 'utf8').then(
    (text) => JSON.parse(text) as { url: string; pid: number },
    () => undefined,
  )
  if (!by) return warn('lock', 'held by a server that is starting', 'Wait a moment.')
  const answers = await fetch(`${by.url}/health`, { signal: AbortSignal.timeout(5_000) }).then(
    (answer) => answer.ok,
    () => false,
  )
  const who = `held by the server at ${by.url} (process ${by.pid})`
  return answers ? good('lock', who) : bad('lock', `${who}, which does not answer`, `Stop it: \`kill ${by.pid}\`.`)
}

function isHeld(file: string): boolean {
  try {
    const lock = new DatabaseSync(file, { timeout: 0 })
    try {
      lock.exec('begin exclusive; rollback')
      return false
    } finally {
      lock.close()
    }
  } catch (error) {
    return /locked|busy/i.test(String(error))
  }
}
