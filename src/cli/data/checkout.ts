import { type CheckedOut, checkouts, differences, placesAsked } from '#data/files'
import { DONE } from '../exit.ts'
import { GOOD, printJson } from '../output.ts'
import { openScreen } from '../screen.ts'
import { count, counted, shortHash } from '../wording.ts'
import { progressOf } from './progress.ts'
import { type DataOptions, homeOf, placementOf, refuseVersionOfMany } from './options.ts'

interface Options extends DataOptions {
  version?: string
  force?: boolean
}

/** Brings the files of the versions that the pointer files of this commit name. */
export async function checkout(paths: readonly string[], options: Options): Promise<number> {
  const home = homeOf(options)
  const { findVersion } = await differences()
  const { checkoutDataset } = await checkouts()
  refuseVersionOfMany(paths, options)
  const screen = options.json ? undefined : openScreen()
  const done: CheckedOut[] = []
  try {
    for (const place of await placesAsked(paths, process.cwd(), home)) {
      const pointer = await findVersion(home, place, options.version)
      const one = await checkoutDataset(home, place, pointer, {
        placement: placementOf(options),
        force: options.force,
        progress: progressOf(screen, place),
        reading: progressOf(screen, place, 'reading '),
      })
      done.push(one)
      screen?.block([])
      screen?.line(`${GOOD} ${one.dataset}  ${shortHash(one.version)} · ${wordsOf(one)}`)
    }
    if (!screen) printJson({ datasets: done })
    else if (done.length === 0) screen.line('There is no dataset here yet: orrery data add <path> makes one.')
    return DONE
  } finally {
    screen?.close()
  }
}

function wordsOf({ written, removed, unchanged }: CheckedOut): string {
  if (written === 0 && removed === 0) return 'all of it is here'
  return `${counted(written, 'file')} written, ${count(removed)} removed, ${count(unchanged)} as they were`
}
