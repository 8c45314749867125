import { relative } from 'node:path'
import { type Added, addDataset, placeOf } from '#data/files'
import { DONE } from '../exit.ts'
import { GOOD, printJson } from '../output.ts'
import { openScreen } from '../screen.ts'
import { bytes, count, counted, elapsed, shortHash } from '../wording.ts'
import { progressOf } from './progress.ts'
import { type DataOptions, homeOf, placementOf } from './options.ts'

/** Makes versions of folders and files, and says what to commit. */
export async function add(paths: readonly string[], options: DataOptions): Promise<number> {
  const home = homeOf(options)
  const placement = placementOf(options)
  const screen = options.json ? undefined : openScreen()
  const added: Added[] = []
  try {
    for (const path of paths) {
      const began = Date.now()
      const place = placeOf(path, process.cwd(), home)
      const one = await addDataset(home, place, {
        placement,
        progress: progressOf(screen, place),
      })
      added.push(one)
      screen?.block([])
      screen?.line(`${GOOD} ${one.dataset}  ${factsOf(one)} · ${elapsed(Date.now() - began)}`)
    }
    if (screen) tellWhatToCommit(added, screen.line)
    else printJson({ datasets: added })
    return DONE
  } finally {
    screen?.close()
  }
}

function factsOf({ kind, files, bytes: size, version, previous, changes }: Added): string {
  const parts = [
    ...(kind === 'folder' ? [counted(files, 'file')] : []),
    bytes(size),
    `${shortHash(version)}${previous === version ? ' as before' : ''}`,
  ]
  const { added, removed, changed } = changes
  if (previous !== null && previous !== version)
    parts.push(`${count(added)} added, ${count(changed)} changed, ${count(removed)} removed`)
  return parts.join(' · ')
}

function tellWhatToCommit(added: readonly Added[], line: (text: string) => void): void {
  const news = added.filter((one) => one.previous !== one.version)
  const pointers = news.map((one) => relative(process.cwd(), one.pointer))
  if (pointers.length > 0) line(`  commit what names it: git add ${pointers.join(' ')} (and .gitignore beside it)`)
}
