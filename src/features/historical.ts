import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Data, OpenViewsToJoin } from '#data'
import type { Blobs } from '#platform/blobs'
import type { JobContext } from '#platform/jobs'
import { runInChild } from '#platform/process'
import type { Storage } from '#platform/storage'
import type { Projects } from '#projects'
import type { Catalog } from './catalog.ts'
import type { HistoricalBody, JoinBody, JoinedVersion, ViewUse } from './contract.ts'
import { FrameTooLarge } from './errors.ts'
import type { Sources } from './sources.ts'
import type { JoinedRows, JoinInput, JoinOutput } from './workers/join.ts'

const HOUR = 3_600_000
const LARGEST_FRAME = 8 * 2 ** 30

/** Which views were joined; and which were not, as they were not named, each with the column that the frame has not. */
interface Given {
  views: ViewUse[]
  lacking: Record<string, string>
}

export interface Historical {
  /** Views over the latest versions of their tables, to be joined to a table in hand. @throws ViewUnknown */
  toJoin: OpenViewsToJoin
  /** The rows of a small frame with their features. */
  rows(request: HistoricalBody): Promise<JoinedRows & Given>
  /**
   * A frame of entities as it arrives, a Parquet file, with its features as another one; `use` is done before that is
   * removed. One at a time: others wait for their turn.
   *
   * @throws FrameUnreadable, FrameTooLarge and what `pointInTimeJoin` throws
   */
  table(
    request: Omit<HistoricalBody, 'rows'>,
    frame: Readable,
    signal: AbortSignal,
    use: (joined: { path: string; hash: string } & Given) => Promise<void>,
  ): Promise<void>
  /** The work of a job: a whole data set with its features, as a version of another one. */
  join(job: JobContext<JoinBody>): Promise<JoinedVersion>
}

export function openHistorical(needs: {
  storage: Storage
  blobs: Blobs
  projects: Projects
  data: Data
  catalog: Catalog
  sources: Sources
  work: string
}): Historical {
  const { storage, blobs, projects, data, catalog, sources, work } = needs

  async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
    const folder = await mkdtemp(join(work, 'features-'))
    try {
      return await use(folder)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  const joinInChild = <Output extends JoinOutput>(
    input: JoinInput,
    more: { timeoutMs: number; signal?: AbortSignal },
  ) =>
    runInChild<Output>(new URL('./workers/join.ts', import.meta.url), input, {
      ...{ what: 'Joining features', memoryMb: 1_024 },
      ...more,
    })

  let last: Promise<unknown> = Promise.resolve()
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = last.catch(() => {}).then(work)
    last = turn
    return turn
  }

  return {
    toJoin: async (project, names, signal) => {
      const { uses, ...features } = await sources.open(project, await catalog.named(project.name, names), { signal })
      return {
        uses,
        keys: [...new Set(features.views.flatMap(({ view }) => view.entities))],
        join: ({ parquet, time, target }, signal) =>
          inFolder(async (folder) => {
            const frame = { parquet, target, sent: false }
            const input = { features, named: true, time, fullNames: false, folder, frame }
            await joinInChild(input, { timeoutMs: HOUR / 60, signal })
          }),
      }
    },
    rows: async ({ project: name, views: names, rows, time, fullNames }) => {
      const project = await projects.project(name)
      const opened = await sources.open(project, await catalog.named(name, names))
      const { uses, ...features } = opened
      const { joined, lacking } = await inFolder((folder) =>
        joinInChild<Extract<JoinOutput, { joined: unknown }>>(
          { features, named: names !== undefined, time, fullNames, folder, frame: { rows } },
          { timeoutMs: HOUR / 60 },
        ),
      )
      return { ...joined, ...given(uses, lacking) }
    },
    table: async ({ project: name, views: names, time, fullNames }, frame, signal, use) => {
      const project = await projects.project(name)
      const wanted = await catalog.named(name, names)
      await inFolder(async (folder) => {
        const parquet = join(folder, 'frame.parquet')
        await receive(frame, parquet)
        const target = join(folder, 'joined.parquet')
        const joined = await inTurn(async () => {
          signal.throwIfAborted()
          const { uses, ...features } = await sources.open(project, wanted, { signal })
          const input: JoinInput = {
            ...{ time, fullNames, folder, features, named: names !== undefined },
            frame: { parquet, target, sent: true },
          }
          const { lacking } = await joinInChild(input, { timeoutMs: HOUR, signal })
          return given(uses, lacking)
        })
        const digest = createHash('sha256')
        await pipeline(createReadStream(target), digest)
        await use({ path: target, hash: `sha256:${digest.digest('hex')}`, ...joined })
      })
    },
    join: async (job) => {
      const { project: name, views: names, dataset, time, into, fullNames } = job.input
      return job.step('join', async () => {
        const project = await projects.project(name)
        const of = await data.latest(name, dataset)
        const progress = (message: string) => job.progress({ message })
        const asked = await catalog.named(name, names)
        const { uses, ...features } = await sources.open(project, asked, { signal: job.signal, progress })
        // A data set without a version says so, and how to get one.
        const frame = await data.version(of?.id ?? (await data.versions(name, dataset, { limit: 1, offset: 0 }))[0]!.id)
        return inFolder(async (folder) => {
          const input: JoinInput = {
            ...{ time, fullNames, folder, features, named: names !== undefined },
            frame: { parquet: await data.readPath(frame) },
          }
          progress('joining features')
          const { table, ...joined } = await joinInChild<Extract<JoinOutput, { table: unknown }>>(input, {
            timeoutMs: HOUR,
            signal: job.signal,
          })
          const { views, lacking } = given(uses, joined.lacking)
          const { parquetPath, bytes: _, ...stored } = table
          const blob = await blobs.putFile(parquetPath)
          const source = { kind: 'joined' as const, source: inWords(dataset, frame.number, views), of: frame.id, views }
          const version = await storage.write((tx) =>
            data.registerVersion(tx, { ...stored, project: name, dataset: into, blob, source }),
          )
          return { version: version.id, dataset: into, number: version.number, rows: version.rows, views, lacking }
        })
      })
    },
  }
}

const given = (uses: readonly ViewUse[], lacking: Readonly<Record<string, string>>): Given => ({
  views: uses.filter(({ view }) => !Object.hasOwn(lacking, view)),
  lacking,
})

/** Keeps what arrives, as far as it is no larger than what is taken. */
async function receive(frame: Readable, path: string): Promise<void> {
  let size = 0
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length
      done(size > LARGEST_FRAME ? new FrameTooLarge(LARGEST_FRAME) : null, chunk)
    },
  })
  await pipeline(frame, measure, createWriteStream(path))
}

function inWords(dataset: string, number: number, views: readonly ViewUse[]): string {
  return `${dataset}@${number} with ${views.map(({ view, version }) => `${view}@${version}`).join(', ')}`
}
