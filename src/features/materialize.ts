import { createReadStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Blobs, StoredBlob } from '#platform/blobs'
import type { Events } from '#platform/events'
import type { JobContext } from '#platform/jobs'
import { runInChild } from '#platform/process'
import type { Storage } from '#platform/storage'
import type { Clock } from '#platform/time'
import type { Projects } from '#projects'
import type { Catalog } from './catalog.ts'
import type { MaterializedView } from './contract.ts'
import {
  forgetMaterializations,
  insertMaterialization,
  lastMaterialization,
  type Materialization,
  type MaterializationFacts,
  materializationById,
  serveVersion,
  updateMaterialization,
} from './materialization-store.ts'
import type { OnlineStore } from './online-store.ts'
import type { Sources } from './sources.ts'
import type { Change, LatestInput, LatestOutput } from './workers/latest.ts'

export interface MaterializeInput {
  readonly project: string
  readonly view: string
}

const HOUR = 3_600_000

/** How far back a view's page looks. */
const KEPT_MS = 30 * 24 * HOUR

/** Rows of one transaction: everybody else's writes wait for it. */
const BATCH = 512

/** What the journal keeps between finding the changes and writing them. */
interface Found {
  version: number
  number: number
  /** Blob of the changes; null when there are none. */
  changes: string | null
}

/**
 * Brings the online store to what the data says now. What has to change is found first and kept as a blob; it is then
 * written in batches, each with its place, so that a crash costs at most one batch.
 */
export function openMaterialize(needs: {
  storage: Storage
  blobs: Blobs
  events: Events
  clock: Clock
  projects: Projects
  catalog: Catalog
  sources: Sources
  online: OnlineStore
  work: string
}): (job: JobContext<MaterializeInput>) => Promise<MaterializedView> {
  const { storage, blobs, events, clock, projects, catalog, sources, online, work } = needs

  async function find(job: JobContext<MaterializeInput>): Promise<Found> {
    const startedAt = clock.now()
    const { project: name, view } = job.input
    const project = await projects.project(name)
    const [applied] = await catalog.withRows(name, [view])
    const progress = (message: string) => job.progress({ message })
    const only = { stored: [applied!], onDemand: [], read: [applied!] }
    const { views, uses } = await sources.open(project, only, {
      refresh: true,
      // What a stream told is in the store already, unless the store begins anew.
      told: applied!.serving?.id === applied!.id ? 'enough' : 'everything',
      signal: job.signal,
      progress,
    })
    const { id: version, number } = applied!
    // Only what answers now is sure to be kept as it was left.
    const last = applied!.serving?.id === version ? await lastMaterialization(storage, name, view, version) : undefined
    const now = clock.now() * 1_000
    const record = (facts: MaterializationFacts) =>
      storage.write((tx) => insertMaterialization(tx, { id: job.id, project: name, view, version, startedAt, facts }))
    if (last?.facts && isSame(last.facts, uses[0]!.tables, now)) {
      await record({ ...last.facts, changed: 0 })
      return { version, number, changes: null }
    }
    const folder = await mkdtemp(join(work, 'features-'))
    try {
      const input: LatestInput = {
        input: views[0]!,
        now,
        before: last?.facts ? await blobs.path(last.facts.snapshot) : null,
        folder,
      }
      const found = await runInChild<LatestOutput>(new URL('./workers/latest.ts', import.meta.url), input, {
        ...{ what: `Reading ${view}`, timeoutMs: HOUR, memoryMb: 1_024, signal: job.signal },
        onProgress: (said) => job.progress(said),
      })
      const { snapshot: path, changes: lines, ...facts } = found
      const snapshot = await blobs.putFile(path)
      const changes: StoredBlob | null = found.changed > 0 ? await blobs.putFile(lines) : null
      await record({ ...facts, snapshot: snapshot.hash, tables: uses[0]!.tables })
      return { version, number, changes: changes?.hash ?? null }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  async function write(job: JobContext<MaterializeInput>, version: number, path: string, total: number): Promise<void> {
    const done = (await materializationById(storage, job.id))!.written
    let line = 0
    let batch: Change[] = []
    const flush = async () => {
      const [changes, upTo] = [batch, line]
      batch = []
      await online.apply(version, changes, clock.now(), (tx) => updateMaterialization(tx, job.id, { written: upTo }))
      job.progress({ message: 'writing', fraction: upTo / Math.max(1, total) })
    }
    for await (const text of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
      job.signal.throwIfAborted()
      line++
      if (line <= done) continue
      batch.push(JSON.parse(text) as Change)
      if (batch.length === BATCH) await flush()
    }
    if (batch.length > 0) await flush()
  }

  return async (job) => {
    const { project, view } = job.input
    const { version, number, changes } = await job.step('find', () => find(job))
    const started = (await materializationById(storage, job.id)) as Materialization
    const { changed, entities } = started.facts!
    if (changes !== null) await job.step('write', async () => write(job, version, await blobs.path(changes), changed))
    const finishedAt = clock.now()
    await storage.write(async (tx) => {
      await updateMaterialization(tx, job.id, { finishedAt })
      await forgetMaterializations(tx, project, view, finishedAt - KEPT_MS)
      await serveVersion(tx, { project, view, version })
      await events.publish(tx, {
        type: 'features.materialized',
        ...{ project, subject: view },
        data: { version: number, changed, entities },
      })
    })
    catalog.forget()
    await forgetOldRows(catalog, online)
    return { view, version: number, changed, entities }
  }
}

/** The same tables give the same rows, unless one that was dated ahead holds by now. */
function isSame(last: MaterializationFacts, tables: Record<string, string>, now: number): boolean {
  const same = Object.entries(tables).every(([set, id]) => last.tables[set] === id)
  return same && (last.next === null || last.next > now)
}

/** Takes away the rows of versions that no view answers with, or is about to. */
export async function forgetOldRows(catalog: Pick<Catalog, 'views'>, online: OnlineStore): Promise<void> {
  const kept = await online.versions()
  const views = await catalog.views()
  const needed = new Set(views.flatMap(({ id, serving }) => [id, serving?.id ?? id]))
  for (const version of kept) if (!needed.has(version)) await online.removeAll(version)
}
