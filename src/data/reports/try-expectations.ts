import { dirname } from 'node:path'
import type { Expectation } from '#projects/contract'
import type { ExpectationResult } from '../contract.ts'
import { withDuck } from '../duckdb.ts'
import { storedTypes } from '../event-time.ts'
import { foldersOfAll, readReferences, referencesOf, resolveReferences } from '../expectations/others.ts'
import { checkTable } from '../expectations/run.ts'
import { parquet } from '../sql.ts'

export interface TriedExpectations {
  /** A version's table. */
  readonly path: string
  readonly expect: readonly Expectation[]
  readonly time: readonly string[] | undefined
  /** The project's folder: where other tables that are referred to start. */
  readonly project: string
  /** Folder for files under way. */
  readonly folder: string
}

/** Whether expectations hold for a stored table. @throws ExpectationUnreadable */
export async function tryExpectations(work: TriedExpectations): Promise<ExpectationResult[]> {
  const { path, expect, time, project, folder } = work
  const references = referencesOf(expect)
  const found = await resolveReferences(references, { folder: project, downloads: folder })
  const folders = [dirname(path), folder, ...foldersOfAll(found)]
  return withDuck({ folders, spillTo: folder }, async (duck) => {
    const stored = await storedTypes(duck, parquet(path))
    const others = await readReferences(duck, references, found)
    return checkTable(duck, { path, stored, time, others, now: Date.now() }, expect)
  })
}
