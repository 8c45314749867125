import { join } from 'node:path'
import type { Expectation } from '#projects/contract'
import type { Duck } from '../duckdb.ts'
import { foldersOf, openTable } from '../read/open-table.ts'
import { makeReadable, type ReadableSource } from '../read/readable.ts'
import { resolveSource } from '../source.ts'
import { name } from '../sql.ts'
import { otherKey } from './column-rules.ts'
import type { OtherTable } from './rule.ts'

/** Another table that an entry refers to. */
export interface Reference {
  source: string
  column?: string
}

/** The tables that expectations refer to, each once. */
export function referencesOf(expectations: readonly Expectation[]): Reference[] {
  const found = new Map<string, Reference>()
  for (const entry of expectations) {
    const { references, rows_as } = entry as { references?: Reference; rows_as?: string }
    for (const one of [references, rows_as === undefined ? undefined : { source: rows_as }])
      if (one) found.set(otherKey(one), one)
  }
  return [...found.values()]
}

/** Finds the files of other tables, so that a database may be opened which can read them. */
export async function resolveReferences(
  references: readonly Reference[],
  options: { folder: string; downloads: string },
): Promise<Map<string, ReadableSource | string>> {
  const found = new Map<string, ReadableSource | string>()
  for (const [i, { source }] of references.entries()) {
    if (found.has(source)) continue
    const readable = resolveSource({ source, ...options }).then((one) =>
      makeReadable(one, { target: join(options.downloads, `other-${i}`) }),
    )
    // Its absence breaks the expectation, not the reading of this table.
    found.set(source, await readable.catch((error: Error) => error.message))
  }
  return found
}

/** What a database has to be allowed to read for them. */
export function foldersOfAll(sources: ReadonlyMap<string, ReadableSource | string>): string[] {
  return [...sources.values()].flatMap((one) => (typeof one === 'string' ? [] : foldersOf(one)))
}

/** Reads the values that are referred to into tables of the open database. */
export async function readReferences(
  duck: Duck,
  references: readonly Reference[],
  sources: ReadonlyMap<string, ReadableSource | string>,
): Promise<Map<string, OtherTable>> {
  const read = new Map<string, OtherTable>()
  for (const [i, reference] of references.entries())
    read.set(otherKey(reference), await readReference(duck, reference, sources.get(reference.source), `other_${i}`))
  return read
}

async function readReference(
  duck: Duck,
  { source, column }: Reference,
  resolved: ReadableSource | string | undefined,
  relation: string,
): Promise<OtherTable> {
  if (typeof resolved !== 'object') return { values: null, rows: 0, unreadable: resolved ?? `${source} was not found` }
  try {
    const table = await openTable(resolved, [])
    const { rows } = await duck.row<{ rows: number }>(`SELECT count(*) AS rows FROM ${table.from}`)
    if (column === undefined) return { values: null, rows }
    const at = table.columns.findIndex((one) => one.name === column)
    if (at < 0) return { values: null, rows, unreadable: `${source} has no column ${column}` }
    // As the text that the own column shows: 5 and not 5.0.
    const cell = `c${at}`
    const value =
      table.columns[at]!.holds === 'number'
        ? `CASE WHEN ${cell} = floor(${cell}) THEN CAST(CAST(${cell} AS HUGEINT) AS VARCHAR) ELSE CAST(${cell} AS VARCHAR) END`
        : `trim(CAST(${cell} AS VARCHAR))`
    await duck.run(
      `CREATE OR REPLACE TEMP TABLE ${name(relation)} AS SELECT DISTINCT ${value} AS value FROM ${table.from} WHERE ${cell} IS NOT NULL`,
    )
    return { values: name(relation), rows }
  } catch (error) {
    return { values: null, rows: 0, unreadable: (error as Error).message.split('\n')[0]! }
  }
}
