import pc from 'picocolors'
import { type DatasetDiff, differences, type Entry, placeOf } from '#data/files'
import { ANSWER_IS_NO, DONE } from '../exit.ts'
import { printJson } from '../output.ts'
import { openScreen } from '../screen.ts'
import { bytes, count, shortHash } from '../wording.ts'
import { progressOf } from './progress.ts'
import { type DataOptions, homeOf } from './options.ts'

interface Options extends DataOptions {
  check?: boolean
}

/** More lines help nobody; --json has them all. */
const MOST_LINES = 200

/** Prints what leads from one version to another, or to the working tree. */
export async function diff(
  path: string,
  from: string | undefined,
  to: string | undefined,
  options: Options,
): Promise<number> {
  const home = homeOf(options)
  const { diffDataset } = await differences()
  const place = placeOf(path, process.cwd(), home)
  const screen = options.json ? undefined : openScreen()
  const reading = progressOf(screen, place, 'reading ')
  const difference = await diffDataset(home, place, from, to, reading).finally(() => screen?.close())
  if (options.json) printJson({ dataset: place.name, ...difference })
  else for (const line of linesOf(place.name, difference)) console.log(line)
  const { added, removed, changed, moved } = difference
  const differs = added.length + removed.length + changed.length + moved.length > 0
  return differs && options.check ? ANSWER_IS_NO : DONE
}

function linesOf(name: string, { before, after, added, removed, changed, moved }: DatasetDiff): string[] {
  const head = `${name}  ${shortHash(before)} → ${after === null ? 'working tree' : shortHash(after)}`
  const lines = [
    ...added.map((entry) => pc.green(`+ ${shown(entry, name)}  ${bytes(entry.size)}`)),
    ...removed.map((entry) => pc.red(`- ${shown(entry, name)}  ${bytes(entry.size)}`)),
    ...changed.map((pair) => pc.yellow(`~ ${shown(pair.after, name)}  ${changeOf(pair.before, pair.after)}`)),
    ...moved.map((pair) => `→ ${shown(pair.before, name)} → ${shown(pair.after, name)}`),
  ]
  if (lines.length === 0) return [`${head}: the same`]
  const more = lines.length - MOST_LINES
  return [
    head,
    ...lines.slice(0, MOST_LINES),
    ...(more > 0 ? [pc.dim(`… and ${count(more)} more; --json has all`)] : []),
    `${count(added.length)} added (${bytes(sum(added))}), ${count(removed.length)} removed (${bytes(sum(removed))}), ` +
      `${count(changed.length)} changed, ${count(moved.length)} moved`,
  ]
}

const sum = (entries: readonly Entry[]) => entries.reduce((total, entry) => total + entry.size, 0)

function changeOf(before: Entry, after: Entry): string {
  if (before.mode !== after.mode) return `${before.mode} → ${after.mode}`
  return before.size === after.size
    ? `${bytes(after.size)}, other bytes`
    : `${bytes(before.size)} → ${bytes(after.size)}`
}

/** A name that would break the line, or hide what it says, is shown in quotes. */
function shown({ path }: Entry, dataset: string): string {
  if (path === '') return dataset
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return /[\u0000-\u001f\u007f-\u009f"\\]/.test(path) ? JSON.stringify(path) : path
}
