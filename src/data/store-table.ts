import { stat } from 'node:fs/promises'
import { type ColumnFacts, columnFacts } from './column-facts.ts'
import { contentHash } from './content-hash.ts'
import type {
  DatasetSpec,
  DataWarning,
  ExpectationResult,
  LabelFacts,
  Preview,
  Profile,
  SplitDescriptor,
  TableSchema,
  TimeProfile,
} from './contract.ts'
import type { Duck } from './duckdb.ts'
import { LabelValuesMissing, NothingLeft, type Place, TimeUnreadable } from './errors.ts'
import { storedTypes } from './event-time.ts'
import { checkTable } from './expectations/run.ts'
import { originalNumber, resultsWith, setAside } from './expectations/set-aside.ts'
import type { OtherTable } from './expectations/rule.ts'
import { readFrameWith, rowCount } from './frame.ts'
import { readLabel } from './label.ts'
import { PREVIEW_ROWS } from './limits.ts'
import { previewOf, profileTable, profileTime } from './profile.ts'
import type { Progress } from './progress.ts'
import type { Holds } from './read/raw-table.ts'
import { featureColumns, schemaOf } from './schema.ts'
import { type SplitRows, splitRows } from './split.ts'
import { findOverlap } from './overlap/find-overlap.ts'
import { overlapWarnings } from './overlap/warnings.ts'
import { parquet } from './sql.ts'

/** A table on disk and all that is known of it: what becomes a version. Plain data, fit for a process channel. */
export interface StoredTable {
  parquetPath: string
  /** Bytes of the Parquet file. */
  bytes: number
  contentHash: string
  rows: number
  schema: TableSchema
  profile: Profile
  split: SplitDescriptor | null
  expectations: ExpectationResult[]
  warnings: DataWarning[]
  preview: Preview
  /** Rows that were taken out, with why. */
  setAside: { path: string; rows: number } | null
}

/** Above this many columns memory per column decides: one thread, and small groups of rows. */
const WIDE = 200

/** A second thread costs a small table more than it brings. */
const LARGE = 64e6

/** How a database is to be opened for a table of so many columns, from so many bytes of source. */
export function duckOptionsFor(columns: number, bytes: number): { threads: number; wide: boolean } {
  return { threads: bytes > LARGE ? 2 : 1, wide: columns > WIDE }
}

/**
 * Describes a stored table: content hash, schema, label, time, split, profile, expectations.
 *
 * @param placeOf where a row, by its number from 0, is in the source, for messages
 * @throws LabelValuesMissing, TimeUnreadable and what `readLabel` and `splitRows` throw
 */
export async function describeTable(
  duck: Duck,
  path: string,
  input: {
    spec: DatasetSpec
    previous: TableSchema | undefined
    placeOf: (row: number) => Promise<Place>
    facts?: readonly ColumnFacts[]
    /** Rows of other tables that expectations refer to. */
    others?: ReadonlyMap<string, OtherTable>
    progress?: Progress | undefined
  },
): Promise<StoredTable> {
  const { spec, previous, progress } = input
  const stored = await storedTypes(duck, parquet(path))
  const expect = spec.expect ?? []
  const checked = {
    path,
    stored,
    time: spec.time,
    others: input.others ?? new Map(),
    now: Date.now(),
    facts: input.facts && byName(input.facts),
  }
  const aside = await setAside(duck, checked, expect)
  const placeOf = (row: number) => input.placeOf(originalNumber(row, aside))
  const rows = await rowCount(duck, path)
  if (aside && rows === 0) throw new NothingLeft(aside.results)
  progress?.('describing columns')
  const facts = (aside === null ? input.facts : undefined) ?? (await columnFacts(duck, path, stored))
  const schema = schemaOf(facts, rows, spec, previous)
  const label = spec.label === undefined ? null : await readKnownLabel(duck, path, spec, stored, rows, placeOf)
  const { parted, time } = await splitTable(duck, path, spec, label, stored, placeOf)
  const features = featureColumns(schema, spec)
  progress?.('profiling')
  const profile = await profileTable(duck, path, { rows, schema, facts, label, time, features, previous })
  progress?.('checking expectations')
  const expectations = resultsWith(aside, await checkTable(duck, { ...checked, facts: byName(facts) }, expect))
  if (parted) progress?.('looking for copies across the split')
  const overlap =
    parted && (await findOverlap(duck, path, { rows: parted.rows, profile, spec, stored, split: parted.descriptor }))
  const split = parted && { ...parted.descriptor, ...(overlap && { overlap }) }
  progress?.('hashing')
  return {
    parquetPath: path,
    bytes: (await stat(path)).size,
    contentHash: await contentHash(duck, path, stored, rows, countedTexts(facts, profile)),
    rows,
    schema,
    profile,
    split,
    expectations,
    warnings: [...warningsOf(profile, label, spec), ...overlapWarnings(split)],
    preview: await previewOf(duck, path, [...stored.keys()], PREVIEW_ROWS),
    setAside: aside && { path: aside.path, rows: aside.rows },
  }
}

const byName = (facts: readonly ColumnFacts[]) => new Map(facts.map((column) => [column.name, column]))

/** Different values of columns of text that were counted, not estimated. */
function countedTexts(facts: readonly ColumnFacts[], profile: Profile): Map<string, number> {
  const counted = profile.columns.flatMap(({ name, categories, distinct }, i): [string, number][] => {
    if (categories) return [[name, distinct]]
    const { different, exact } = facts[i]!
    return exact && different !== null ? [[name, different]] : []
  })
  return new Map(counted)
}

async function readKnownLabel(
  duck: Duck,
  path: string,
  spec: DatasetSpec,
  stored: ReadonlyMap<string, Holds>,
  rows: number,
  placeOf: (row: number) => Promise<Place>,
): Promise<LabelFacts> {
  const column = spec.label!
  const label = await readLabel(duck, parquet(path), { ...spec, label: column }, stored.get(column)!)
  const mayBeLate = (spec.label_arrives_after ?? 0) > 0
  if (label.missing > 0 && (!mayBeLate || label.missing === rows)) {
    const slice = await readFrameWith(duck, path, { columns: [], label })
    const first = slice.target!.findIndex(Number.isNaN)
    throw new LabelValuesMissing(column, label.missing, rows, await placeOf(first))
  }
  return label
}

async function splitTable(
  duck: Duck,
  path: string,
  spec: DatasetSpec,
  label: LabelFacts | null,
  stored: ReadonlyMap<string, Holds>,
  placeOf: (row: number) => Promise<Place>,
): Promise<{ parted: { rows: SplitRows; descriptor: SplitDescriptor } | null; time: TimeProfile | null }> {
  const { by, column, seed } = spec.split ?? {}
  const keyed = label !== null && (by === 'group' || by === 'hash')
  const { target, time, places } = await readFrameWith(duck, path, {
    columns: [],
    label,
    time: spec.time,
    places: keyed ? { column: column!, seed: seed! } : undefined,
  })
  const unknown = time?.findIndex(Number.isNaN) ?? -1
  if (unknown >= 0) throw await unreadableTime(duck, path, spec.time!, unknown, stored, placeOf)
  return {
    parted: spec.split && target ? splitRows({ target, time, places }, spec.split) : null,
    time: time ? profileTime(spec.time!, time) : null,
  }
}

/** Which of the time columns is missing in that row, or is no time. */
async function unreadableTime(
  duck: Duck,
  path: string,
  columns: readonly string[],
  row: number,
  stored: ReadonlyMap<string, Holds>,
  placeOf: (row: number) => Promise<Place>,
): Promise<TimeUnreadable> {
  const { frame } = await readFrameWith(duck, path, { columns, rows: { from: row, to: row + 1 } })
  const cells = frame.columns.map((column) =>
    column.kind === 'numeric' ? column.values[0]! : (column.categories[column.codes[0]!] ?? Number.NaN),
  )
  const missing = cells.findIndex((cell) => typeof cell === 'number' && Number.isNaN(cell))
  const at =
    missing >= 0
      ? missing
      : Math.max(
          0,
          columns.findIndex((column) => stored.get(column) === 'text'),
        )
  return new TimeUnreadable(columns[at]!, await placeOf(row), missing >= 0 ? null : String(cells[at]))
}

function warningsOf(profile: Profile, label: LabelFacts | null, spec: DatasetSpec): DataWarning[] {
  const warnings: DataWarning[] = []
  if (label && label.missing > 0)
    warnings.push({
      code: 'ORRERY_DATA_ROWS_UNLABELLED',
      message: `${label.missing.toLocaleString('en-US')} of ${profile.rows.toLocaleString('en-US')} rows have no "${label.column}" yet; they are in no part of the split.`,
      hint: 'Nothing to do if their labels are still to come.',
    })
  for (const { column, reason } of profile.leakage)
    warnings.push({
      code: 'ORRERY_DATA_LEAKAGE_SUSPECTED',
      message: `Column "${column}" nearly gives away the label: ${reason}.`,
      hint: `Ask whether "${column}" is known before the label is; if not, list it under \`ignore\`.`,
    })
  const gone = profile.columns.filter((column) => column.flags.includes('became_constant'))
  if (gone.length > 0)
    warnings.push({
      code: 'ORRERY_DATA_COLUMNS_BECAME_CONSTANT',
      message: `${gone
        .slice(0, 5)
        .map((column) => `"${column.name}"`)
        .join(', ')} varied in the version before, and no longer ${gone.length === 1 ? 'does' : 'do'}.`,
      hint: 'Something before this table has stopped to deliver: look there before a model is trained on it.',
    })
  const personal = (profile.depth?.personal ?? []).filter((one) => !spec.ignore?.includes(one.column))
  if (personal.length > 0)
    warnings.push({
      code: 'ORRERY_DATA_PERSONAL_SUSPECTED',
      message: `${personal
        .slice(0, 5)
        .map((one) => `"${one.column}" (${one.kind.replaceAll('_', ' ')}: ${one.reason})`)
        .join(', ')} may tell who somebody is.`,
      hint: 'Leave such columns out at the source, or list them under `ignore` so that no model learns from them.',
    })
  const useless = profile.columns.filter((column) =>
    column.flags.some((flag) => flag === 'constant' || flag === 'empty'),
  )
  if (useless.length > 0)
    warnings.push({
      code: 'ORRERY_DATA_COLUMNS_CONSTANT',
      message: `${useless.length === 1 ? `Column "${useless[0]!.name}" has` : `${useless.length} columns (such as "${useless[0]!.name}") have`} the same value in every row, or none.`,
      hint: 'Check whether their source still delivers; a constant tells a model nothing.',
    })
  return warnings
}
