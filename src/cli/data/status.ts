import pc from 'picocolors'
import { type DatasetStatus, placesAsked, remotes, repositoryOf, statuses } from '#data/files'
import { ANSWER_IS_NO, DONE } from '../exit.ts'
import { BAD, GOOD, printJson } from '../output.ts'
import { openScreen, spinner } from '../screen.ts'
import { bytes, count, counted, shortHash } from '../wording.ts'
import { progressOf } from './progress.ts'
import { type DataOptions, homeOf } from './options.ts'

interface Options extends DataOptions {
  pushed?: boolean
  remote?: string
  check?: boolean
}

/** Says of each dataset whether its files are those of the version that the pointer file names, and what to do else. */
export async function status(paths: readonly string[], options: Options): Promise<number> {
  const home = homeOf(options)
  const { statusOf } = await statuses()
  const remote = options.pushed || options.remote ? await openRemote(options.remote) : undefined
  const screen = options.json ? undefined : openScreen()
  const found: DatasetStatus[] = []
  try {
    for (const place of await placesAsked(paths, process.cwd(), home)) {
      screen?.block([`${spinner()} ${place.name}`])
      const one = await statusOf(home, place, { remote, reading: progressOf(screen, place, 'reading ') })
      found.push(one)
      screen?.block([])
      for (const line of linesOf(one)) screen?.line(line)
    }
    if (!screen) printJson({ remote: remote?.url ?? null, datasets: found })
    else if (found.length === 0) screen.line('There is no dataset here yet: orrery data add <path> makes one.')
  } finally {
    screen?.close()
  }
  return options.check && found.some(isOutOfStep) ? ANSWER_IS_NO : DONE
}

async function openRemote(asked: string | undefined) {
  const { openRemote: open } = await remotes()
  return open(repositoryOf(process.cwd()) ?? process.cwd(), asked, process.env)
}

const isOutOfStep = ({ tree, pushed }: DatasetStatus) => tree !== 'same' || pushed === false

function linesOf(one: DatasetStatus): string[] {
  const { dataset, version, files, bytes: size, tree, changes, missing, pushed } = one
  const head = `${dataset}  ${shortHash(version)}`
  const todo = (what: string) => pc.dim(`  ${what}`)
  const lines: string[] = []
  if (tree === 'same') lines.push(`${GOOD} ${head} · ${counted(files, 'file')}, ${bytes(size)}, as they were added`)
  else if (tree === 'changed' && changes) {
    const { added, changed, removed, moved } = changes
    const words = Object.entries({ added, changed, removed, moved }).flatMap(([word, n]) =>
      n > 0 ? [`${count(n)} ${word}`] : [],
    )
    lines.push(`${pc.yellow('~')} ${head} · ${words.join(', ')}`)
    lines.push(
      todo(`keep it: orrery data add ${dataset}; see it: orrery data diff ${dataset}; back: orrery data checkout`),
    )
  } else if (tree === 'absent') {
    lines.push(`${BAD} ${head} · not here`)
    lines.push(todo(missing > 0 ? 'bring it: orrery data pull' : 'bring it: orrery data checkout'))
  } else {
    lines.push(`${BAD} ${head} · its list of files is not in this store`)
    lines.push(todo('bring it: orrery data pull'))
  }
  if (missing > 0 && tree !== 'absent' && tree !== 'unknown')
    lines.push(todo(`${counted(missing, 'file')} of the version ${missing === 1 ? 'is' : 'are'} not in this store`))
  if (pushed === false) lines.push(todo('not pushed yet: orrery data push'))
  return lines
}
