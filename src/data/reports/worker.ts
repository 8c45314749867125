/** The child process that computes reports: paths and plain data in, a report out. */
import { dirname } from 'node:path'
import { serveAsChild } from '#platform/process'
import { diffTables } from '../diff/diff-tables.ts'
import { withDuck } from '../duckdb.ts'
import type { ScorecardInput } from '../scorecard/scorecard.ts'
import { scoreTable } from '../scorecard/scorecard.ts'
import { type WrittenParts, writeParts } from '../write-parts.ts'

export type ReportWork =
  | { kind: 'diff'; before: string; after: string; key: readonly string[] | null }
  | { kind: 'scorecard'; path: string; input: ScorecardInput }
  | ({ kind: 'parts' } & WrittenParts)

serveAsChild<ReportWork>(async (work): Promise<unknown> => {
  if (work.kind === 'parts') return writeParts(work)
  if (work.kind === 'scorecard')
    return withDuck({ folders: [dirname(work.path)] }, (duck) => scoreTable(duck, work.path, work.input))
  return withDuck({ folders: [dirname(work.before), dirname(work.after)] }, (duck) =>
    diffTables(duck, work.before, work.after, work.key),
  )
})
