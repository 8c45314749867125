import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import pc from 'picocolors'
import { previewInChild } from '#data'
import type { ColumnShape, RecipePreview } from '#data/contract'
import { type ProjectSpec, writeRecipe } from '#projects'
import { WrongUse } from '../errors.ts'
import { ANSWER_IS_NO, DONE } from '../exit.ts'
import { BAD, printJson } from '../output.ts'
import { readProjectFolder } from '../project-folder.ts'
import { type ServerOptions, serverFrom } from '../server.ts'
import { count } from '../wording.ts'
import { broughtBy } from './brought.ts'

interface Options extends ServerOptions {
  only?: string
  json?: boolean
}

/** What the recipe of a data set does to a sample of it; a server is asked only for what only it knows. */
export async function preview(file: string, options: Options): Promise<number> {
  const { spec } = await readProjectFolder(file)
  const dataset = options.only ?? spec.pipeline.train.with.data
  const set = spec.data[dataset]
  if (!set) throw new WrongUse(`There is no data set "${dataset}".`, `There are ${Object.keys(spec.data).join(', ')}.`)
  const found = set.features?.length
    ? await onServer(spec.project, dataset, set, options)
    : await onThisMachine(file, dataset, spec, options)
  if (options.json) printJson(found)
  else for (const line of linesOf(dataset, found)) console.log(line)
  return found.problem ? ANSWER_IS_NO : DONE
}

/** A large table is read before anything is tried on it; a query without end is not waited for all day. */
const READING_MS = 10 * 60_000

/** Feature views are joined from versions of their tables, which are the server's. */
function onServer(
  project: string,
  dataset: string,
  set: ProjectSpec['data'][string],
  options: Options,
): Promise<RecipePreview> {
  const body = { recipe: writeRecipe(set.prepare) }
  return serverFrom(options).server.previewRecipe({ params: { project, dataset }, body })
}

async function onThisMachine(
  file: string,
  dataset: string,
  { project, data }: ProjectSpec,
  options: Options,
): Promise<RecipePreview> {
  const target = await mkdtemp(join(tmpdir(), 'orrery-preview-'))
  try {
    const brought = await broughtBy(options, { project, dataset, sets: data, folder: target })
    const work = { dataset, spec: data[dataset]!, others: data, tables: {}, ...brought }
    const folder = { project: dirname(resolve(file)), folder: target }
    return await previewInChild<RecipePreview>({ ...work, ...folder }, { timeoutMs: READING_MS })
  } finally {
    await rm(target, { recursive: true, force: true })
  }
}

function linesOf(dataset: string, { rows, columns, fitted, problem }: RecipePreview): string[] {
  const changed = columns.filter((column) => column.changed)
  const width = Math.max(8, ...changed.map((column) => column.name.length))
  return [
    `${pc.bold(dataset)}  ${count(rows.made)} rows before the split, ${count(rows.sampled)} looked at, fitted on ${count(rows.train)}`,
    ...changed.map(
      ({ name, before, after }) =>
        `  ${name.padEnd(width)}  ${shapeLine(before, 'new')}  →  ${shapeLine(after, 'gone')}`,
    ),
    ...fitted.map(
      ({ step, what, column, learned }) =>
        `  ${pc.dim(`step ${step + 1}`)} ${what} ${column}: ${Object.entries(learned)
          .map(
            ([key, value]) =>
              `${key} ${typeof value === 'number' ? Number(value.toPrecision(6)) : (value ?? 'missing')}`,
          )
          .join(', ')}`,
    ),
    ...(problem ? [`${BAD} ${problem.message}`, `  ${problem.hint}`] : []),
  ]
}

const BARS = '▁▂▃▄▅▆▇█'

function shapeLine(shape: ColumnShape | null, absent: string): string {
  if (!shape) return pc.dim(absent)
  const missing = shape.missing > 0 ? ` ${count(shape.missing)} missing` : ''
  if (!shape.numbers) return `${count(shape.distinct)} values${missing}`
  const { counts, min, max } = shape.numbers
  const most = Math.max(...counts, 1)
  const bars = counts.map((one) => (one === 0 ? ' ' : BARS[Math.ceil((one / most) * 8) - 1])).join('')
  return `${Number(min.toPrecision(4))} ${bars} ${Number(max.toPrecision(4))}${missing}`
}
