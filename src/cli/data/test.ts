import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import pc from 'picocolors'
import { ingestPictures, ingestTable } from '#data'
import type { DatasetSpec } from '#data/contract'
import { eachEntryOf, knownPointerAt, placeOf } from '#data/files'
import { profilePictures } from '#data/pictures'
import { asOrreryError } from '#platform/errors'
import type { PictureExpectation } from '#projects/contract'
import { WrongUse } from '../errors.ts'
import { ANSWER_IS_NO, DONE } from '../exit.ts'
import { BAD, BUSY, GOOD, printJson } from '../output.ts'
import { readProjectFolder } from '../project-folder.ts'
import { openScreen, spinner } from '../screen.ts'
import { count, elapsed, percent } from '../wording.ts'
import type { ServerOptions } from '../server.ts'
import { broughtBy } from './brought.ts'
import { junit } from './junit.ts'
import { type DataOptions, homeOf } from './options.ts'
import { fails, type TestedDataset } from './tested.ts'

const DRAW_EVERY_MS = 100

interface Options extends DataOptions, ServerOptions {
  only?: string
  strict?: boolean
  junit?: string
}

/** Reads every data set of a project as a pipeline would, without a server, and says which expectations hold. */
export async function test(file: string, options: Options): Promise<number> {
  const { spec } = await readProjectFolder(file)
  const names = Object.keys(spec.data)
  const pictures = Object.keys(spec.pictures)
  const all = [...names, ...pictures]
  if (options.only !== undefined && !all.includes(options.only))
    throw new WrongUse(`There is no data set "${options.only}".`, `There are ${all.join(', ')}.`)
  const where = { project: spec.project, folder: dirname(resolve(file)) }
  const asked = (name: string) => options.only === undefined || name === options.only
  const tested: TestedDataset[] = []
  for (const name of names.filter(asked))
    tested.push(
      await showing(name, options, (progress) => testOne({ ...where, dataset: name }, spec.data, options, progress)),
    )
  for (const name of pictures.filter(asked))
    tested.push(
      await showing(name, options, (progress) =>
        testPictures(name, spec.pictures[name]!, where.folder, options, progress),
      ),
    )
  if (options.junit) await writeFile(options.junit, junit(spec.project, tested))
  if (options.json) printJson({ project: spec.project, datasets: tested })
  else for (const line of tested.flatMap(linesOf)) console.log(line)
  const bad = tested.some((one) => one.error || one.results.some((result) => fails(result, options.strict === true)))
  return bad ? ANSWER_IS_NO : DONE
}

type Progress = (message: string, fraction?: number) => void

/** A large table takes minutes: what is done, how much of it, and since when. */
async function showing<Made>(
  dataset: string,
  options: Options,
  work: (progress: Progress) => Promise<Made>,
): Promise<Made> {
  const screen = options.json ? undefined : openScreen()
  if (!screen?.live) return work(() => {})
  const began = Date.now()
  let [now, done] = ['starting', undefined as number | undefined]
  const draw = () =>
    screen.block([`${spinner()} ${pc.bold(dataset)}  ${stateOf(now, done)} · ${elapsed(Date.now() - began)}`])
  draw()
  const timer = setInterval(draw, DRAW_EVERY_MS)
  try {
    return await work((message, fraction) => {
      now = message
      done = fraction
    })
  } finally {
    clearInterval(timer)
    screen.close()
  }
}

const stateOf = (message: string, fraction: number | undefined) =>
  fraction === undefined ? message : `${message}, ${percent(fraction)}`

async function testOne(
  { project, dataset, folder }: { project: string; dataset: string; folder: string },
  others: Record<string, DatasetSpec>,
  options: Options,
  progress: Progress,
): Promise<TestedDataset> {
  const spec = others[dataset]!
  const started = performance.now()
  const target = await mkdtemp(join(tmpdir(), 'orrery-test-'))
  const told = { dataset, rows: 0, quarantined: 0, results: [], warnings: [], error: null }
  const seconds = () => (performance.now() - started) / 1000
  try {
    const { rows, expectations, warnings, setAside } = spec.pictures
      ? await ingestPictures(
          { spec, size: spec.pictures, project: folder, work: target, target: join(target, 'table') },
          progress,
        )
      : await ingestTable({
          ...{ spec, folder, target, dataset, others, progress },
          ...(await broughtBy(options, { project, dataset, sets: others, folder: target })),
        })
    return { ...told, rows, quarantined: setAside?.rows ?? 0, seconds: seconds(), results: expectations, warnings }
  } catch (error) {
    const known = asOrreryError(error)
    if (!known) throw error
    return { ...told, seconds: seconds(), error: { code: known.code, message: known.message, hint: known.hint } }
  } finally {
    await rm(target, { recursive: true, force: true })
  }
}

/** The version that the pointer beside the folder names: what a commit is tested with. */
async function testPictures(
  dataset: string,
  { folder, expect }: { folder: string; expect: readonly PictureExpectation[] },
  project: string,
  options: DataOptions,
  progress: Progress,
): Promise<TestedDataset> {
  const started = performance.now()
  const told = { dataset, rows: 0, quarantined: 0, results: [], warnings: [], error: null, unit: 'pictures' as const }
  const seconds = () => (performance.now() - started) / 1000
  try {
    const home = homeOf(options)
    const place = placeOf(resolve(project, folder), project, home)
    const pointer = knownPointerAt(place)
    const version = { dataset: place.name, version: pointer.version, entries: () => eachEntryOf(home, pointer) }
    const measured = (done: number, of: number) => progress('measuring pictures', of === 0 ? undefined : done / of)
    const { pictures, expectations } = await profilePictures(home, version, { expect, measured })
    return { ...told, rows: pictures, seconds: seconds(), results: expectations }
  } catch (error) {
    const known = asOrreryError(error)
    if (!known) throw error
    return { ...told, seconds: seconds(), error: { code: known.code, message: known.message, hint: known.hint } }
  }
}

function linesOf({ dataset, rows, unit, quarantined, results, warnings, error }: TestedDataset): string[] {
  if (error) return [`${BAD} ${pc.bold(dataset)}  ${error.message}`, `  ${error.hint ?? ''}`]
  const hold = results.filter((one) => one.passed).length
  const aside = quarantined > 0 ? ` · ${count(quarantined)} set aside` : ''
  const head = `${pc.bold(dataset)}  ${count(rows)} ${unit ?? 'rows'}${aside} · ${hold} of ${results.length} expectations hold`
  return [
    head,
    ...results
      .filter((one) => !one.passed)
      .map((one) => `  ${fails(one, false) ? BAD : BUSY} ${one.expectation}: ${one.observed}`),
    ...(hold === results.length && results.length > 0 ? [`  ${GOOD} all of them`] : []),
    ...warnings.flatMap(({ message, hint }) => [`  ${BUSY} ${message}`, `    ${pc.dim(hint)}`]),
  ]
}
