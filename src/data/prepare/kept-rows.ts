import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { runInChild } from '#platform/process'
import { partsOfRecipe, type StoredProject } from '#projects'
import type { DatasetSpec } from '../contract.ts'
import { DatasetUnknown, JoinedTableUnreadable } from '../errors.ts'
import { sourceOf } from '../sources/place.ts'
import type { DataSources } from '../sources/data-sources.ts'
import { recipeHash } from './fit.ts'
import type { RowsWork } from './rows-worker.ts'
import { type KeptTable, refuseCircle, tablesOf } from './tables-read.ts'

/** Somebody who writes a recipe tries it many times within this; what only reading tells is read again after it. */
const KEPT_MS = 5 * 60_000
const MOST = 12
/** Reading is for whoever waits for it, but the next one who asks has it at once. */
const LIMITS = { timeoutMs: 10 * 60_000, memoryMb: 2_048, residentMb: 4_096 }

/** Rows of a data set as they were read, and when. */
export interface RowsRead extends KeptTable {
  readonly dataset: string
  readonly at: number
}

interface Kept {
  readonly identity: string
  readonly at: number
  readonly folder: Promise<string>
  readonly rows: Promise<RowsRead>
  users: number
}

/**
 * Rows of data sets for whoever tries recipes on them: read once, by whichever recipe needs them first, and again as soon as
 * their source, or what they are made of, looks otherwise.
 */
export class KeptRows {
  readonly #kept = new Map<string, Kept>()
  readonly #needs: { sources: Pick<DataSources, 'bring' | 'versions'>; work: string }

  constructor(needs: { sources: Pick<DataSources, 'bring' | 'versions'>; work: string }) {
    this.#needs = needs
  }

  /**
   * Lends the rows of a data set as its source has them, and of others as their recipes leave them.
   *
   * @param again whatever was kept is read anew
   * @throws JoinedTableUnreadable, and whatever reading throws
   */
  async lend<T>(
    project: StoredProject,
    { dataset, others, again }: { dataset: string; others: readonly string[]; again: boolean },
    use: (rows: readonly RowsRead[]) => Promise<T>,
  ): Promise<T> {
    const lent: Kept[] = []
    try {
      const rows = [await this.#of(project, dataset, { isMain: true, again, within: [], lent })]
      for (const other of others) rows.push(await this.#other(project, other, { again, within: [dataset], lent }))
      return await use(rows)
    } finally {
      for (const kept of lent) kept.users--
      await this.#forget()
    }
  }

  async #other(
    project: StoredProject,
    dataset: string,
    how: { again: boolean; within: readonly string[]; lent: Kept[] },
  ): Promise<RowsRead> {
    try {
      refuseCircle(dataset, how.within)
      return await this.#of(project, dataset, { ...how, isMain: false })
    } catch (error) {
      throw JoinedTableUnreadable.of(how.within.at(-1)!, dataset, error)
    }
  }

  async #of(
    project: StoredProject,
    dataset: string,
    how: { isMain: boolean; again: boolean; within: readonly string[]; lent: Kept[] },
  ): Promise<RowsRead> {
    const set = project.spec.data[dataset]
    if (!set) throw new DatasetUnknown(project.name, dataset)
    const steps = how.isMain ? [] : partsOfRecipe(set.prepare).table
    const tables: Record<string, RowsRead> = {}
    const within = [...how.within, dataset]
    for (const other of steps.length > 0 ? tablesOf(dataset, project.spec.data) : [])
      tables[other] = await this.#other(project, other, { ...how, within })
    // What is not there is told by reading it.
    const look = await this.#needs.sources.versions.look(project, dataset).catch(() => undefined)
    const { columns, ignore, time } = set
    const made = Object.values(tables).map((one) => one.contentHash)
    const identity = recipeHash([sourceOf(set), columns, ignore, time, steps, look, made])
    const key = JSON.stringify([project.name, dataset, how.isMain])
    const before = this.#kept.get(key)
    const kept = before?.identity === identity && !how.again && Date.now() - before.at <= KEPT_MS ? before : undefined
    const lent = kept ?? this.#read(project, dataset, { ...set, prepare: steps }, { tables, identity })
    lent.users++
    how.lent.push(lent)
    if (lent !== before) {
      // Behind the others: what was read first goes first.
      this.#kept.delete(key)
      this.#kept.set(key, lent)
      if (before) this.#gone.add(before)
    }
    try {
      return await lent.rows
    } catch (error) {
      // The next one who asks tries again.
      if (this.#kept.get(key) === lent) this.#kept.delete(key)
      this.#gone.add(lent)
      throw error
    }
  }

  #read(
    project: StoredProject,
    dataset: string,
    spec: DatasetSpec,
    { tables, identity }: { tables: Record<string, KeptTable>; identity: string },
  ): Kept {
    const { sources, work } = this.#needs
    const folder = mkdtemp(join(work, 'rows-'))
    const at = Date.now()
    const read = async (): Promise<RowsRead> => {
      const target = await folder
      const brought = await sources.bring({ project: project.name, dataset, spec, folder: join(target, 'brought') })
      const work = { dataset, spec, others: project.spec.data, tables, brought, project: project.folder }
      const input: RowsWork = { ...work, folder: target }
      const options = { what: `Reading ${dataset}`, ...LIMITS }
      const rows = await runInChild<KeptTable>(new URL('./rows-worker.ts', import.meta.url), input, options)
      return { ...rows, dataset, at }
    }
    const rows = read()
    rows.catch(() => {})
    return { identity, at, folder, rows, users: 0 }
  }

  readonly #gone = new Set<Kept>()

  /** Removes what nobody uses any more: what was replaced, and the oldest when there are many. */
  async #forget(): Promise<void> {
    for (const [key, kept] of this.#kept) {
      if (this.#kept.size <= MOST && Date.now() - kept.at <= KEPT_MS) break
      this.#kept.delete(key)
      this.#gone.add(kept)
    }
    for (const kept of this.#gone) {
      if (kept.users > 0) continue
      this.#gone.delete(kept)
      await rm(await kept.folder, { recursive: true, force: true })
    }
  }
}
