import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Blobs, StoredBlob } from '#platform/blobs'
import { runInChild } from '#platform/process'
import type { Storage } from '#platform/storage'
import type { Clock } from '#platform/time'
import type { DataSpec, Projects } from '#projects'
import type { DataVersion } from '../contract.ts'
import type { Data } from '../data.ts'
import type { TableDiff } from '../diff/contract.ts'
import { withDuck } from '../duckdb.ts'
import { DiffOfOtherProjects, NotSplit } from '../errors.ts'
import { storedTypes } from '../event-time.ts'
import { asText } from '../expectations/cells.ts'
import { REASONS, ROW } from '../expectations/set-aside.ts'
import type { Scorecard } from '../scorecard/contract.ts'
import { timeliness } from '../scorecard/timeliness.ts'
import { name, parquet } from '../sql.ts'
import type { VersionChecks } from './contract.ts'
import { type ExpectationEditor, openExpectationEditor } from './expectation-editor.ts'
import { keepReport, type ReportName, reportNamed } from './store.ts'
import type { ReportWork } from './worker.ts'

const HALF_HOUR = 30 * 60_000
const MEMORY_MB = 2_048
/** Versions whose rhythm is looked at. */
const RHYTHM = 20
const SHOWN_CELL = 200

export interface DataReports {
  readonly expectations: ExpectationEditor
  /** Newest first. */
  checks(project: string, dataset: string, limit: number): Promise<VersionChecks[]>
  scorecard(version: string): Promise<Scorecard>
  /** @param key columns that name a row; the dataset's identifier when `undefined`, whole rows when empty */
  diff(version: string, against: string, key: readonly string[] | undefined): Promise<TableDiff>
  /** The part of the split that each row is in, as a file; a row without a label is in none. */
  parts(version: string): Promise<{ path: string; hash: string }>
  quarantined(
    version: string,
    page: { limit: number; offset: number },
  ): Promise<{
    rows: number
    columns: string[]
    quarantined: { row: number; reasons: string; cells: (string | null)[] }[]
  }>
}

/**
 * Reports on versions: what is asked for is computed once, in a child process, and kept; asked for twice at the same
 * time, it is computed once too. One at a time: a report is never worth what serving would lose.
 */
export function openDataReports(needs: {
  storage: Storage
  blobs: Blobs
  data: Data
  projects: Pick<Projects, 'project'>
  clock: Clock
  /** Folder for files under way. */
  work: string
}): DataReports {
  const { storage, blobs, data, projects, clock } = needs
  const underWay = new Map<string, Promise<unknown>>()
  let last: Promise<unknown> = Promise.resolve()

  const compute = <Body>(what: string, work: ReportWork): Promise<Body> =>
    runInChild<Body>(new URL('./worker.ts', import.meta.url), work, {
      what,
      timeoutMs: HALF_HOUR,
      memoryMb: MEMORY_MB,
    })

  async function report<Body>(of: ReportName, made: () => Promise<Body>): Promise<Body> {
    const kept = await reportNamed<Body>(storage, of)
    if (kept) return kept
    const key = JSON.stringify(of)
    const running = underWay.get(key)
    if (running) return running as Promise<Body>
    const makeAndKeep = async () => {
      const body = await made()
      await storage.write((tx) => keepReport(tx, of, body, clock.now()))
      return body
    }
    const turn = last.catch(() => {}).then(makeAndKeep)
    last = turn
    underWay.set(key, turn)
    try {
      return await turn
    } finally {
      underWay.delete(key)
    }
  }

  /** What the project says of the dataset; a project may be gone, or its file say nothing of it. */
  async function specOf({ project, dataset }: DataVersion): Promise<Partial<DataSpec>> {
    const found = await projects.project(project).catch(() => undefined)
    return (found?.spec.data as Record<string, Partial<DataSpec>> | undefined)?.[dataset] ?? {}
  }

  return {
    expectations: openExpectationEditor(needs),
    checks: async (project, dataset, limit) => {
      const versions = await data.versions(project, dataset, { limit, offset: 0 })
      const whole = await Promise.all(versions.map((one) => data.version(one.id)))
      return whole.map(({ id, number, rows, createdAt, quarantine, expectations }) => ({
        version: id,
        number,
        rows,
        createdAt,
        quarantined: quarantine?.rows ?? 0,
        expectations,
      }))
    },

    scorecard: async (id) => {
      const version = await data.version(id)
      const spec = await specOf(version)
      const { segments = [], sensitive = [], ignore = [] } = spec
      const said = { segments, sensitive, ignore, id: spec.id }
      const about = createHash('sha256').update(JSON.stringify(said)).digest('hex').slice(0, 16)
      const { rows, schema, profile, createdAt } = version
      const card = await report<Scorecard>({ version: id, kind: 'scorecard', about }, async () => {
        const input = { version: { rows, schema, profile, createdAt }, ...said }
        return compute('A scorecard', { kind: 'scorecard', path: await data.readPath(version), input })
      })
      const versions = await data.versions(version.project, version.dataset, { limit: RHYTHM, offset: 0 })
      const age = timeliness({
        now: clock.now(),
        newest: profile.time?.to ?? null,
        labelArrivesAfter: spec.label_arrives_after ?? 0,
        made: versions.filter((one) => one.number <= version.number).map((one) => one.createdAt),
      })
      return { ...card, characteristics: [...card.characteristics, age] }
    },

    diff: async (id, against, key) => {
      const [after, before] = [await data.version(id), await data.version(against)]
      if (after.project !== before.project) throw new DiffOfOtherProjects()
      const named = key ?? [(await specOf(after)).id].filter((one) => one !== undefined)
      const about = JSON.stringify([against, named])
      return report<TableDiff>({ version: id, kind: 'diff', about }, async () => {
        const paths = { before: await data.readPath(before), after: await data.readPath(after) }
        return compute('A comparison', { kind: 'diff', ...paths, key: named.length > 0 ? named : null })
      })
    },

    parts: async (id) => {
      const version = await data.version(id)
      const { split, dataset, number } = version
      const { label, time } = version.profile
      if (!split || !label) throw new NotSplit(`${dataset}@${number}`)
      const { hash } = await report<StoredBlob>({ version: id, kind: 'parts', about: '' }, async () => {
        const folder = await mkdtemp(join(needs.work, 'data-parts-'))
        try {
          const target = join(folder, 'parts.parquet')
          const path = await data.readPath(version)
          await compute('A split', { kind: 'parts', path, split, label, time: time?.columns ?? [], target })
          return await blobs.putFile(target)
        } finally {
          await rm(folder, { recursive: true, force: true })
        }
      })
      return { path: await blobs.path(hash), hash }
    },

    quarantined: async (id, { limit, offset }) => {
      const version = await data.version(id)
      const columns = version.schema.columns.map((column) => column.name)
      if (!version.quarantine) return { rows: 0, columns, quarantined: [] }
      const path = await blobs.path(version.quarantine.blobHash)
      const quarantined = await withDuck({ folders: [dirname(path)], threads: 1, memoryMb: 128 }, async (duck) => {
        const types = await storedTypes(duck, parquet(path))
        const cells = columns.map((column) => `(${asText(name(column), types.get(column)!)})[:${SHOWN_CELL}]`)
        return duck.rows<{ row: number; reasons: string; cells: (string | null)[] }>(
          `SELECT ${ROW} AS "row", ${REASONS} AS reasons, [${cells.join(', ')}] AS cells FROM ${parquet(path)} ORDER BY ${ROW} LIMIT ${limit} OFFSET ${offset}`,
        )
      })
      return { rows: version.quarantine.rows, columns, quarantined }
    },
  }
}
