import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Blobs } from '#platform/blobs'
import { runInChild } from '#platform/process'
import type { Storage, Tx } from '#platform/storage'
import type { StoredProject } from '#projects'
import type { DatasetSpec, DataVersion } from '../contract.ts'
import type { Data } from '../data.ts'
import { DatasetUnknown, JoinedTableUnreadable } from '../errors.ts'
import type { IngestedTable } from '../ingest.ts'
import { type KeptTable, refuseCircle, tablesOf } from '../prepare/tables-read.ts'
import type { ServerSources } from './bring.ts'
import { lookOfSource } from './look.ts'
import type { BroughtFile } from './resolved.ts'
import type { ReadInput } from './worker.ts'

const HOUR = 3_600_000
const MEMORY_MB = 2_048
/** All of the memory of a process that runs SQL somebody wrote. */
const SQL_RESIDENT_MB = 4_096

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined
  readonly progress?: ((message: string, fraction?: number) => void) | undefined
  /** The data sets whose recipes led here. */
  readonly within?: readonly string[]
}

/** Makes versions of sources, and of whatever their recipes read. */
export interface VersionReader {
  /**
   * Reads a source, and makes what it holds a version unless it is one already.
   *
   * @param options.brought a file to read in place of what the server knows now
   * @param options.also done in the transaction of the version
   * @throws the classes of `errors.ts`
   */
  read(
    project: StoredProject,
    dataset: string,
    options?: ReadOptions & { brought?: BroughtFile; also?: (tx: Tx, version: DataVersion) => Promise<void> },
  ): Promise<DataVersion>
  /** The version of a source as it is now; a source that looks as it did is not read again. */
  current(project: StoredProject, dataset: string, options?: ReadOptions): Promise<DataVersion>
  /**
   * The other tables that the recipe of a data set reads, each as a version: what is made of them can be made again.
   *
   * @throws JoinedTableUnreadable
   */
  tables(project: StoredProject, dataset: string, options?: ReadOptions): Promise<Record<string, KeptTable>>
  /** What a source looks like from outside: the same as long as its rows are. `undefined` when only reading it tells. */
  look(project: StoredProject, dataset: string): Promise<string | undefined>
}

export function openVersionReader(needs: {
  storage: Storage
  blobs: Blobs
  data: Data
  sources: ServerSources
  work: string
}): VersionReader {
  const { storage, blobs, data, sources, work } = needs
  /** What each data set and all it is made of looked like when it was read last, and the version that made. */
  const known = new Map<string, { look: string; version: string }>()

  function specOf({ name, spec }: StoredProject, dataset: string): DatasetSpec {
    const set = spec.data[dataset]
    if (!set) throw new DatasetUnknown(name, dataset)
    return set
  }

  const look: VersionReader['look'] = async (stored, dataset) => {
    const spec = specOf(stored, dataset)
    return (await sources.look(stored.name, dataset, spec)) ?? (await lookOfSource(spec, stored.folder))
  }

  const tables: VersionReader['tables'] = async (stored, dataset, options = {}) => {
    const within = [...(options.within ?? []), dataset]
    const found: Record<string, KeptTable> = {}
    for (const other of tablesOf(dataset, stored.spec.data)) {
      refuseCircle(other, within)
      options.progress?.(`reading ${other}`)
      try {
        const version = await asItIs(stored, other, { ...options, within })
        const { id, contentHash, source } = version
        found[other] = { path: await data.readPath(version), contentHash, source, version: id }
      } catch (error) {
        throw JoinedTableUnreadable.of(dataset, other, error)
      }
    }
    return found
  }

  /** What is trained on grows by the prediction log, and has features joined: its versions are the pipeline's to make. */
  async function asItIs(stored: StoredProject, dataset: string, options: ReadOptions): Promise<DataVersion> {
    const ofPipeline = dataset === stored.spec.pipeline.train.with.data
    const latest = ofPipeline ? await data.latest(stored.name, dataset) : undefined
    return latest ? data.version(latest.id) : current(stored, dataset, options)
  }

  const current: VersionReader['current'] = async (stored, dataset, options = {}) => {
    const key = `${stored.name} ${dataset}`
    const others = await tables(stored, dataset, options)
    const own = await look(stored, dataset)
    const seen = own && JSON.stringify([own, specOf(stored, dataset), Object.values(others).map((one) => one.version)])
    const last = known.get(key)
    if (seen !== undefined && last?.look === seen) return data.version(last.version)
    const version = await make(stored, dataset, others, options)
    if (seen !== undefined) known.set(key, { look: seen, version: version.id })
    return version
  }

  async function make(
    stored: StoredProject,
    dataset: string,
    others: Record<string, KeptTable>,
    { brought, also, signal, progress }: Parameters<VersionReader['read']>[2] & object,
  ): Promise<DataVersion> {
    const { name: project } = stored
    const spec = specOf(stored, dataset)
    const folder = await mkdtemp(join(work, 'source-'))
    try {
      const latest = await data.latest(project, dataset)
      const input: ReadInput = {
        ...{ spec, dataset, others: stored.spec.data, tables: others, project: stored.folder, folder },
        previous: latest && (await data.version(latest.id)).schema,
        brought: brought ?? (await sources.bring({ project, dataset, spec, folder: join(folder, 'brought') })),
      }
      const read = await runInChild<IngestedTable>(new URL('./worker.ts', import.meta.url), input, {
        ...{ what: `Reading ${dataset}`, timeoutMs: HOUR, memoryMb: MEMORY_MB },
        ...(signal && { signal }),
        ...(progress && { onProgress: ({ message, fraction }) => progress(message, fraction) }),
        ...(spec.prepare?.some((step) => step.sql !== undefined) && { residentMb: SQL_RESIDENT_MB }),
      })
      const { parquetPath, bytes: _, setAside: aside, ...table } = read
      const blob = await blobs.putFile(parquetPath)
      const quarantine = aside && { rows: aside.rows, blobHash: (await blobs.putFile(aside.path)).hash }
      return await storage.write(async (tx) => {
        const version = await data.registerVersion(tx, { ...table, project, dataset, blob, quarantine })
        await also?.(tx, version)
        return version
      })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  return {
    look,
    tables,
    current,
    read: async (stored, dataset, options = {}) =>
      make(stored, dataset, await tables(stored, dataset, options), options),
  }
}
