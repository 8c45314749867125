/** The child process that reads a run's data: paths and plain data in, a Parquet file and its description out. */
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import {
  appendRows,
  type BroughtFile,
  type IngestedTable,
  ignoredAfterJoin,
  ignoredBeforeJoin,
  ingestPictures,
  ingestTable,
  type KeptTable,
  type RowRecord,
  readFrame,
  readFrom,
  sourceOf,
  stopOnFailure,
} from '#data'
import type { DatasetSpec, TableSchema } from '#data/contract'
import { joinTable, type OpenedViews } from '#features'
import { serveAsChild } from '#platform/process'
import { partsOfRecipe } from '#projects'

/** A line of the file of fresh rows. */
export interface FreshRow {
  eventTime: number
  record: RowRecord
}

export interface ReadDataInput {
  /** Where files are left. */
  folder: string
  /** The project's folder: where relative sources start. */
  project: string
  set: DatasetSpec
  /** Its name, and the project's other data sets, which its recipe may read. */
  dataset: string
  others: Record<string, DatasetSpec>
  /** Of these, those that it reads, as versions. */
  tables: Record<string, KeptTable>
  /** Feature views that are joined to the source's rows, each as it was used. */
  features: OpenedViews | null
  /** The latest version; `base` is the content hash of the source's own rows in it. */
  parent: { parquet: string; schema: TableSchema; base: string } | null
  readSource: boolean
  /** A source that only the server could bring. */
  brought: BroughtFile | undefined
  /** Labelled rows of the prediction log; the first `known` of them are in the parent already. */
  fresh: { path: string; rows: number; known: number; from: string }
}

export interface ReadDataOutput {
  /** Nothing is new: the parent is still the latest version. */
  unchanged: boolean
  base: string
  added: number
  table: Omit<IngestedTable, 'label'> | null
}

serveAsChild<ReadDataInput>(async (input, progress): Promise<ReadDataOutput> => {
  const { set, parent, fresh } = input
  const source = input.readSource || !parent ? await readSource(input, progress) : null
  if (source && source.contentHash !== parent?.base) {
    // A new source speaks for all time up to its last row; what was served after that comes on top.
    const until = source.profile.time?.to ?? Number.NEGATIVE_INFINITY
    const table = await append(input, source, (row) => row.eventTime > until, progress)
    return { unchanged: false, base: source.contentHash, added: table.rows - source.rows, table }
  }
  const known = parent!
  if (fresh.rows <= fresh.known) return { unchanged: true, base: known.base, added: 0, table: null }
  progress(`adding ${fresh.rows - fresh.known} rows from the prediction log`)
  const seen = await picturesOf(set, known.parquet)
  const fromHere = (row: FreshRow, i: number) => i >= fresh.known && isNewPicture(row, seen)
  if (seen && (await isEmpty(freshRecords(fresh.path, fromHere))))
    return { unchanged: true, base: known.base, added: 0, table: null }
  const appended = await appendRows({
    base: { parquetPath: known.parquet, schema: known.schema },
    rows: onlyOnce(freshRecords(fresh.path, fromHere), seen),
    from: fresh.from,
    spec: set,
    folder: input.project,
    target: join(input.folder, 'appended'),
  })
  stopOnFailure(appended.expectations)
  return { unchanged: false, base: known.base, added: appended.source.rows, table: appended }
})

const namesOf = ({ dataset, others, tables }: ReadDataInput) => ({ dataset, others, tables })

async function readSource(
  input: ReadDataInput,
  progress: (message: string, fraction?: number) => void,
): Promise<IngestedTable> {
  const previous = input.parent?.schema
  const target = join(input.folder, 'source')
  const { pictures } = input.set
  const ingested = pictures
    ? await ingestPictures(
        { spec: input.set, size: pictures, project: input.project, work: input.folder, target, previous },
        progress,
      )
    : input.features === null
      ? await ingestTable({
          ...{ spec: input.set, folder: input.project, brought: input.brought, ...namesOf(input) },
          ...{ target, previous, progress },
        })
      : await readWithFeatures(input, input.features, target, progress)
  stopOnFailure(ingested.expectations)
  return ingested
}

/** The source's rows with their features as they were at each row's time: one table, split and judged as a whole. */
async function readWithFeatures(
  { set, dataset, others, tables, project, folder, parent, brought }: ReadDataInput,
  { uses, ...features }: OpenedViews,
  target: string,
  progress: (message: string) => void,
): Promise<IngestedTable> {
  const { time, id, columns } = set
  const keys = features.views.flatMap(({ view }) => [...view.entities])
  const visible = ignoredBeforeJoin(set, keys)
  const { table: steps } = partsOfRecipe(set.prepare ?? [])
  const entities = await ingestTable({
    // A recipe is looked through for leaks, which takes the label and the split.
    spec:
      steps.length > 0
        ? { ...set, ignore: visible, expect: [] }
        : { ...sourceOf(set), time, columns, ignore: visible, id },
    ...{ dataset, others, tables },
    folder: project,
    target: join(folder, 'entities'),
    brought,
    progress,
  })
  progress('joining features')
  const joined = join(folder, 'joined.parquet')
  await joinTable({
    frame: { parquet: entities.parquetPath, time: time![0]! },
    joined: features,
    folder,
    target: joined,
  })
  const spec: DatasetSpec = { ...readFrom(joined, set), ignore: ignoredAfterJoin(set, keys), prepare: [] }
  const table = await ingestTable({ spec, folder, target, previous: parent?.schema, progress })
  const from = entities.source as Extract<IngestedTable['source'], { kind: 'files' | 'url' | 'taken' }>
  return { ...table, source: { ...from, features: [...uses] } }
}

async function append(
  input: ReadDataInput,
  source: IngestedTable,
  wanted: (row: FreshRow, i: number) => boolean,
  progress: (message: string) => void,
): Promise<Omit<IngestedTable, 'label'>> {
  if (input.fresh.rows === 0) return source
  const records: RowRecord[] = []
  const seen = await picturesOf(input.set, source.parquetPath)
  const rows = freshRecords(input.fresh.path, (row, i) => wanted(row, i) && isNewPicture(row, seen))
  for await (const record of onlyOnce(rows, seen)) records.push(record)
  if (records.length === 0) return source
  progress(`adding ${records.length} rows from the prediction log`)
  const appended = await appendRows({
    base: source,
    rows: records,
    from: input.fresh.from,
    spec: input.set,
    folder: input.project,
    target: join(input.folder, 'appended'),
  })
  stopOnFailure(appended.expectations)
  return appended
}

async function* freshRecords(path: string, wanted: (row: FreshRow, i: number) => boolean): AsyncGenerator<RowRecord> {
  let i = 0
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    const row = JSON.parse(line) as FreshRow
    if (wanted(row, i++)) yield row.record
  }
}

/** The pictures of a stored table; `undefined` where it has none. */
async function picturesOf(set: DatasetSpec, parquet: string): Promise<Set<string> | undefined> {
  if (!set.pictures) return undefined
  const { frame } = await readFrame(parquet, { columns: ['picture'] })
  const [column] = frame.columns
  return new Set(column?.kind === 'categorical' ? column.categories : [])
}

/** The same picture again teaches nothing, and in another part of the split it would give away the answer. */
const isNewPicture = ({ record }: FreshRow, seen: ReadonlySet<string> | undefined) =>
  seen === undefined || !seen.has(String(record.picture))

async function* onlyOnce(rows: AsyncIterable<RowRecord>, seen: Set<string> | undefined): AsyncGenerator<RowRecord> {
  for await (const record of rows) {
    if (seen?.has(String(record.picture))) continue
    seen?.add(String(record.picture))
    yield record
  }
}

async function isEmpty(rows: AsyncIterable<unknown>): Promise<boolean> {
  for await (const _ of rows) return false
  return true
}
