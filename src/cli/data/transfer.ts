import {
  checkouts,
  type DataHome,
  differences,
  placesAsked,
  remotes,
  repositoryOf,
  type Transferred,
  transfers,
} from '#data/files'
import { DONE } from '../exit.ts'
import { GOOD, printJson } from '../output.ts'
import { openScreen, type Screen } from '../screen.ts'
import { bytes, counted, elapsed, shortHash } from '../wording.ts'
import { progressOf } from './progress.ts'
import { type DataOptions, homeOf, placementOf, refuseVersionOfMany } from './options.ts'

interface Options extends DataOptions {
  remote?: string
  verify?: boolean
  version?: string
  checkout?: boolean
  force?: boolean
}

/** Sends the versions that the pointer files name to a remote: what it has not got yet. */
export async function push(paths: readonly string[], options: Options): Promise<number> {
  const home = homeOf(options)
  const { findVersion } = await differences()
  const { pushVersion } = await transfers()
  const { remote, places } = await asked(home, paths, options)
  return tell(options, remote.url, async (screen, done) => {
    for (const place of places) {
      const began = Date.now()
      const pointer = await findVersion(home, place, undefined)
      const progress = progressOf(screen, place)
      const one = await pushVersion(home, place, pointer, remote, { verify: options.verify, progress })
      done(one, `${wordsOf(one)} · ${elapsed(Date.now() - began)}`)
    }
  })
}

/** Brings the versions that the pointer files name from a remote, verified, and checks them out. */
export async function pull(paths: readonly string[], options: Options): Promise<number> {
  const home = homeOf(options)
  const { findVersion } = await differences()
  const { fetchVersion } = await transfers()
  const { checkoutDataset } = await checkouts()
  refuseVersionOfMany(paths, options)
  const { remote, places } = await asked(home, paths, options)
  return tell(options, remote.url, async (screen, done) => {
    for (const place of places) {
      const began = Date.now()
      const pointer = await findVersion(home, place, options.version)
      const one = await fetchVersion(home, place, pointer, remote, { progress: progressOf(screen, place) })
      if (options.checkout !== false)
        await checkoutDataset(home, place, pointer, {
          placement: placementOf(options),
          force: options.force,
          progress: progressOf(screen, place, 'writing '),
          reading: progressOf(screen, place, 'reading '),
        })
      done(one, `${wordsOf(one)} · ${elapsed(Date.now() - began)}`)
    }
  })
}

async function asked(home: DataHome, paths: readonly string[], options: Options) {
  const root = repositoryOf(process.cwd()) ?? process.cwd()
  const { openRemote } = await remotes()
  const remote = await openRemote(root, options.remote, process.env)
  return { remote, places: await placesAsked(paths, process.cwd(), home) }
}

async function tell(
  options: Options,
  url: string,
  act: (screen: Screen | undefined, done: (one: Transferred, words: string) => void) => Promise<void>,
): Promise<number> {
  const screen = options.json ? undefined : openScreen()
  const moved: Transferred[] = []
  try {
    await act(screen, (one, words) => {
      moved.push(one)
      screen?.block([])
      screen?.line(`${GOOD} ${one.dataset}  ${shortHash(one.version)} · ${words}`)
    })
    if (!screen) printJson({ remote: url, datasets: moved })
    else if (moved.length === 0) screen.line('There is no dataset here yet: orrery data add <path> makes one.')
    return DONE
  } finally {
    screen?.close()
  }
}

function wordsOf({ files, bytes: size }: Transferred): string {
  return files === 0 ? 'all of it was there' : `${counted(files, 'file')}, ${bytes(size)}`
}
