import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import pc from 'picocolors'
import { eachEntryOf, knownPointerAt, type Place, placeOf } from '#data/files'
import { type DescribedPicture, type PictureProfile, profiledPictures, profilePictures } from '#data/pictures'
import type { PictureExpectation } from '#projects/contract'
import { writeCsv } from '#worlds'
import { DONE } from '../exit.ts'
import { BAD, BUSY, GOOD, printJson } from '../output.ts'
import { readProjectFolder } from '../project-folder.ts'
import { openScreen, spinner } from '../screen.ts'
import { bytes, count, counted, elapsed, figure, percent } from '../wording.ts'
import { type DataOptions, homeOf } from './options.ts'

const SHOWN = 5

/** Measures the pictures of a dataset, and says what they are like and what is wrong with them. */
export async function profile(path: string, options: DataOptions & { table?: string }): Promise<number> {
  const home = homeOf(options)
  const place = placeOf(path, process.cwd(), home)
  const pointer = knownPointerAt(place)
  const began = Date.now()
  const screen = options.json ? undefined : openScreen()
  const stop = new AbortController()
  const interrupt = () => stop.abort(new Error('interrupted'))
  process.once('SIGINT', interrupt)
  try {
    const version = { dataset: place.name, version: pointer.version, entries: () => eachEntryOf(home, pointer) }
    const found = await profilePictures(home, version, {
      expect: await expectedOf(place),
      signal: stop.signal,
      measured: (done, of) =>
        screen?.block([
          `${spinner()} ${place.name}  ${count(done)} of ${counted(of, 'picture')} measured · ${left(began, done, of)}`,
        ]),
    })
    if (options.table) await writeFile(options.table, tableOf(profiledPictures(home, found.version)))
    screen?.block([])
    if (!screen) printJson(found)
    else for (const line of wordsOf(place.name, found, Date.now() - began)) screen.line(line)
    return DONE
  } finally {
    process.off('SIGINT', interrupt)
    screen?.close()
  }
}

function left(began: number, done: number, of: number): string {
  const spent = Date.now() - began
  return done === 0 || spent < 1_000 ? 'starting' : `${elapsed((spent / done) * (of - done))} left`
}

/** What the nearest project file says of the folder. */
async function expectedOf({ path, repository }: Place): Promise<readonly PictureExpectation[]> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const file = join(folder, 'orrery.yaml')
    if (existsSync(file)) {
      const { spec } = await readProjectFolder(file)
      return Object.values(spec.pictures).find((one) => resolve(folder, one.folder) === path)?.expect ?? []
    }
    if (folder === repository || folder === dirname(folder)) return []
  }
}

function wordsOf(name: string, found: PictureProfile, ms: number): string[] {
  const { width, height, brightness, contrast, sharpness } = found.measures
  const range = (one: { min: number; median: number; max: number } | undefined, digits = count) =>
    one ? `${digits(one.min)} to ${digits(one.max)}, median ${digits(one.median)}` : 'none'
  const formats = found.formats.map(({ format, pictures }) => `${count(pictures)} ${format}`).join(', ')
  return [
    `${pc.bold(name)}  ${counted(found.pictures, 'picture')} · ${bytes(found.bytes)} · ${formats} · ${elapsed(ms)}`,
    `  size        ${range(width)} wide; ${range(height)} high`,
    `  light       brightness ${range(brightness, figure)}; contrast ${range(contrast, figure)}`,
    `  sharpness   ${range(sharpness, figure)}`,
    ...found.parts.map(({ part, pictures, classes }) => {
      const shares = classes.slice(0, 8).map((one) => `${one.name} ${percent(one.pictures / pictures)}`)
      return `  ${(part ?? 'pictures').padEnd(11)} ${count(pictures)}: ${shares.join(', ')}${classes.length > 8 ? ', …' : ''}`
    }),
    ...problemsOf(found),
    ...found.expectations.map((one) => {
      const mark = one.passed ? GOOD : one.otherwise === 'stop' ? BAD : BUSY
      return `  ${mark} ${one.expectation}${one.passed ? '' : `: ${one.observed}`}`
    }),
  ]
}

function problemsOf({ unreadable, same, near, personal, turned, grey, pictures, blank, outliers }: PictureProfile) {
  const lines = unreadable.flatMap(({ problem, pictures: n, examples }) => [
    `  ${BAD} ${count(n)} ${problem.replaceAll('_', ' ')}`,
    ...examples.slice(0, SHOWN).map(({ path, reason }) => `      ${path}  ${pc.dim(reason)}`),
  ])
  for (const [words, alike] of [
    ['the same bytes', same],
    ['look the same', near],
  ] as const) {
    if (alike.groups === 0) continue
    const across = [
      ...(alike.acrossParts > 0 ? [`${count(alike.acrossParts)} across parts of the split`] : []),
      ...(alike.acrossClasses > 0 ? [`${count(alike.acrossClasses)} across classes`] : []),
    ].join(', ')
    lines.push(`  ${across ? BAD : BUSY} ${counted(alike.groups, 'group')} with ${words}${across ? `: ${across}` : ''}`)
    for (const { pictures: members } of alike.shown.slice(0, SHOWN))
      lines.push(`      ${members.map(({ path }) => path).join('  =  ')}`)
  }
  for (const { kind, pictures: n, examples } of personal)
    lines.push(`  ${BUSY} ${count(n)} tell a person’s ${kind} in their EXIF, such as ${examples[0]}`)
  if (turned > 0) lines.push(`  ${BUSY} ${count(turned)} have to be turned, as their EXIF says`)
  if (blank > 0) lines.push(`  ${BUSY} ${count(blank)} are one plain ground`)
  if (grey > 0 && grey < pictures) lines.push(`  ${BUSY} ${count(grey)} are grey among coloured ones`)
  if (outliers.length > 0)
    lines.push(
      `  ${BUSY} far from the others: ${outliers
        .slice(0, SHOWN)
        .map(({ path, measure, value }) => `${path} (${measure} ${figure(value)})`)
        .join(', ')}`,
    )
  return lines
}

const COLUMNS = [
  ...['path', 'part', 'class', 'bytes', 'format', 'width', 'height', 'orientation', 'grey', 'transparent'],
  ...['brightness', 'contrast', 'sharpness', 'hash', 'problem'],
] as const

/** One row a picture: what tables are profiled, expected, compared and drift by then holds for pictures, too. */
function tableOf(pictures: Iterable<DescribedPicture>): Iterable<string> {
  function* rows() {
    for (const picture of pictures) yield rowOf(picture)
  }
  return writeCsv(COLUMNS, rows())
}

function rowOf({ path, part, class: named, bytes: size, facts }: DescribedPicture) {
  const own = { path, part, class: named, bytes: size }
  if ('problem' in facts) return { ...own, problem: facts.problem }
  const { personal: _, grey, alpha, ...measured } = facts
  return { ...own, ...measured, grey: String(grey), transparent: String(alpha) }
}
