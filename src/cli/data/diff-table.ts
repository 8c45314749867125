import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pc from 'picocolors'
import { diffFiles } from '#data'
import type { TableDiff } from '#data/contract'
import { WrongUse } from '../errors.ts'
import { ANSWER_IS_NO, DONE } from '../exit.ts'
import { printJson } from '../output.ts'
import { type ServerOptions, serverFrom } from '../server.ts'
import { count } from '../wording.ts'

interface Options extends ServerOptions {
  key?: string
  check?: boolean
}

/** Compares two files here, or two versions where they are. */
export async function diffTable(before: string, after: string, options: Options): Promise<number> {
  const key = options.key?.split(',').filter(Boolean)
  const here = await Promise.all(
    [before, after].map((path) =>
      stat(path).then(
        (found) => found.isFile(),
        () => false,
      ),
    ),
  )
  if (here[0] !== here[1]) {
    const missing = here[0] ? after : before
    throw new WrongUse(`There is no file ${missing}.`, 'Name two files, or the ids of two versions.')
  }
  const diff = here[0]
    ? await compareFiles(before, after, key)
    : await serverFrom(options).server.diffDataVersions({
        params: { version: after },
        query: { against: before, ...(options.key !== undefined && { key: options.key || ',' }) },
      })
  if (options.json) printJson(diff)
  else for (const line of linesOf(diff)) console.log(line)
  return options.check && differs(diff) ? ANSWER_IS_NO : DONE
}

async function compareFiles(before: string, after: string, key: string[] | undefined): Promise<TableDiff> {
  const target = await mkdtemp(join(tmpdir(), 'orrery-diff-'))
  try {
    return await diffFiles({ before, after, key: key?.length ? key : null, folder: process.cwd(), target })
  } finally {
    await rm(target, { recursive: true, force: true })
  }
}

function differs({ added, removed, changed, schema }: TableDiff): boolean {
  return added + removed + changed + schema.added.length + schema.removed.length + schema.retyped.length > 0
}

/** Cells shown of a row. */
const SHOWN = 4

function linesOf(diff: TableDiff): string[] {
  const { key, rows, added, removed, changed, unchanged, schema, columns, samples } = diff
  const lines = [
    `${count(rows.before)} rows before, ${count(rows.after)} after${key ? `, matched by ${key.join(', ')}` : ', compared as whole rows'}`,
    `${pc.green(`+${count(added)}`)} added  ${pc.red(`-${count(removed)}`)} removed  ${pc.yellow(`~${count(changed)}`)} changed  ${count(unchanged)} the same`,
    ...schema.added.map((column) => `${pc.green('+')} column ${column}`),
    ...schema.removed.map((column) => `${pc.red('-')} column ${column}`),
    ...schema.retyped.map((one) => `${pc.yellow('~')} column ${one.column}: ${one.before} is ${one.after}`),
  ]
  const moved = columns.filter((one) => one.psi !== null && one.noise !== null && one.psi > Math.max(0.1, one.noise))
  for (const { name, changed: cells } of columns) if (cells > 0) lines.push(`  ${name}: ${count(cells)} cells`)
  for (const { name, psi } of moved) lines.push(`  ${name}: its distribution moved, PSI ${psi!.toFixed(2)}`)
  for (const { key: named, cells } of samples.changed.slice(0, 10)) {
    const told = cells
      .slice(0, SHOWN)
      .map((one) => `${one.column} ${one.before ?? 'missing'} → ${one.after ?? 'missing'}`)
    lines.push(`${pc.yellow('~')} ${named.join(', ')}: ${told.join('; ')}`)
  }
  return lines
}
