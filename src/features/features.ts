import type { Registry } from 'prom-client'
import { ulid } from 'ulid'
import type { Data, VersionReader } from '#data'
import type { Blobs } from '#platform/blobs'
import type { Events } from '#platform/events'
import type { Jobs } from '#platform/jobs'
import type { Logger } from '#platform/log'
import type { Storage } from '#platform/storage'
import type { Clock } from '#platform/time'
import type { Projects, StoredProject } from '#projects'
import { type Catalog, openCatalog } from './catalog.ts'
import type { AppliedView } from './catalog-store.ts'
import { completeRecords } from './complete.ts'
import { openComputing } from './computing.ts'
import type {
  FeatureStatistics,
  FeaturesJob,
  JoinBody,
  JoinedVersion,
  MaterializedView,
  OnlineState,
  StreamInfo,
} from './contract.ts'
import { JobUnknown, ViewNotOnline, ViewNotStreamed } from './errors.ts'
import { type Historical, openHistorical } from './historical.ts'
import { openKeeper } from './keeper.ts'
import { lastMaterialization, type Materialization, materializationsOf, skewOf } from './materialization-store.ts'
import { type MaterializeInput, openMaterialize } from './materialize.ts'
import { type FeatureGauge, openMetrics } from './metrics.ts'
import { type Entity, type Online, openOnline } from './online.ts'
import { openOnlineStore } from './open-online-store.ts'
import { dropDrafts, type OrderedPlace, sizeOfOrdered } from './ordered/ordered-views.ts'
import { type OpenedViews, openSources } from './sources.ts'
import { rejectedMessages } from './streams/log-store.ts'
import { openStreamTables } from './streams/stream-table.ts'
import { openStreams } from './streams/streams.ts'

/** A version of a view, and what its features were like when it was materialized last. */
export interface ViewVersion {
  readonly version: number
  readonly content: string
  readonly since: number
  readonly statistics: FeatureStatistics[]
}

/** Older versions are not compared with. */
const COMPARED_VERSIONS = 5

export interface Features extends Online {
  readonly catalog: Catalog
  readonly historical: Pick<Historical, 'rows' | 'table' | 'toJoin'>
  /** The views of these names, over what their sources say now. */
  openViews: OpenViews
  /** Records with the features that their senders left out. */
  complete: CompleteRecords
  /** Queues the join of a whole data set. */
  startJoin(request: JoinBody): Promise<{ job: string }>
  /** Queues a materialization of each view; of one that is under way, that one is named. */
  startMaterialize(project: string, views?: readonly string[]): Promise<{ view: string; job: string }[]>
  job(id: string): Promise<FeaturesJob>
  /** How the online store of a view stands. */
  state(view: AppliedView): Promise<OnlineState | null>
  materializations(project: string, view: string, limit: number): Promise<Materialization[]>
  /** Newest first; the newest of them with what their features were like. */
  versions(project: string, view: string): Promise<ViewVersion[]>
  /** How the stream of a view stands; null for a view that has none. */
  stream(view: AppliedView): Promise<StreamInfo | null>
  /** Messages of its stream that were set aside. @throws ViewNotStreamed */
  rejected(project: string, view: string, limit: number): ReturnType<typeof rejectedMessages>
  /** The room's metrics, for `/metrics`. */
  readonly metrics: Registry
  /** Materializes what is due and measures skew, now and from now on. */
  start(): void
  stop(): Promise<void>
  /** Lets go of the store of the online features. */
  close(): Promise<void>
}

export type OpenViews = (project: StoredProject, names: readonly string[], signal: AbortSignal) => Promise<OpenedViews>

/** @throws EntityMissing for a record that has neither the features nor the keys to find them by */
export type CompleteRecords = <Record extends Entity>(
  project: string,
  views: readonly string[],
  records: readonly Record[],
) => Promise<Record[]>

const JOIN = 'features.join'
const MATERIALIZE = 'features.materialize'

export async function openFeatures(needs: {
  storage: Storage
  blobs: Blobs
  events: Events
  jobs: Jobs
  clock: Clock
  log: Logger
  projects: Projects
  data: Data
  versions: VersionReader
  /** Folder for files under way. */
  work: string
  /** Where the rows of views are kept in order, for joins to come. */
  ordered?: OrderedPlace
  /** Where the online features are kept, when not in the server's own database. */
  onlineStore?: string | undefined
}): Promise<Features> {
  const { storage, jobs, clock, projects } = needs
  if (needs.ordered) await dropDrafts(needs.ordered.folder)
  const store = await openOnlineStore({ at: needs.onlineStore, storage })
  const catalog = openCatalog(needs)
  const streamTables = openStreamTables(needs)
  const { waiting } = streamTables
  const streams = openStreams({ ...needs, catalog, store, waiting })
  const sources = openSources({ ...needs, streamTables })
  const historical = openHistorical({ ...needs, catalog, sources })
  const compute = openComputing()
  const online = openOnline({ clock, catalog, store, compute })

  jobs.define<JoinBody, JoinedVersion>({ kind: JOIN, concurrency: 1, attempts: 3, run: historical.join })
  jobs.define<MaterializeInput, MaterializedView>({
    ...{ kind: MATERIALIZE, concurrency: 1, attempts: 20 },
    run: openMaterialize({ ...needs, catalog, sources, online: store }),
  })

  async function materialize(project: string, view: string): Promise<{ view: string; job: string }> {
    const input: MaterializeInput = { project, view }
    const key = `${project} ${view}`
    const enqueue = (under: string) =>
      storage.write((tx) => jobs.enqueue(tx, { kind: MATERIALIZE, input, key: under, project }))
    const { id, existed } = await enqueue(key)
    // One that is under way may have read the data already: who asks now means the data of now.
    const tooLate = existed && (await jobs.get(id))?.state === 'running'
    return { view, job: tooLate ? (await enqueue(`${key} again`)).id : id }
  }

  const keeper = openKeeper({ ...needs, catalog, store, waiting, materialize })

  async function failureOf(project: string, view: string): Promise<OnlineState['failure']> {
    const recent = await jobs.list({ kind: MATERIALIZE, project, limit: 100 })
    const last = recent.find(({ input, finishedAt }) => (input as MaterializeInput).view === view && finishedAt)
    return last?.error ? { at: last.finishedAt!, ...last.error } : null
  }

  const gauges = async (): Promise<FeatureGauge[]> => {
    const views = (await catalog.views()).filter(({ definition }) => definition.online)
    return Promise.all(
      views.map(async ({ project, definition: { name: view } }) => {
        const youngest = (await lastMaterialization(storage, project, view))?.facts?.youngest ?? null
        const age = youngest === null ? null : clock.now() - youngest / 1_000
        return { project, view, age, share: (await skewOf(storage, project, view))?.share ?? null }
      }),
    )
  }
  const metrics = openMetrics({
    ...{ views: gauges, streams: streams.states },
    orderedBytes: async () => (needs.ordered ? (await sizeOfOrdered(needs.ordered.folder)).bytes : 0),
  })

  const read: Online['read'] = async (request) => {
    const started = performance.now()
    const reply = await online.read(request)
    metrics.observe(request.project, (performance.now() - started) / 1_000, reply)
    return reply
  }

  return {
    catalog,
    historical,
    openViews: async (project, names, signal) =>
      sources.open(project, await catalog.named(project.name, names), { refresh: true, signal }),
    read,
    complete: (project, views, records) => completeRecords({ catalog, read, compute }, { project, views, records }),
    push: online.push,
    startJoin: async (input) => {
      await projects.project(input.project)
      await catalog.named(input.project, input.views)
      const id = ulid(clock.now())
      const { project } = input
      await storage.write((tx) => jobs.enqueue(tx, { id, kind: JOIN, input, project }))
      return { job: id }
    },
    startMaterialize: async (project, names) => {
      await projects.project(project)
      const views = await catalog.withRows(project, names)
      const offline = names && views.find(({ definition }) => !definition.online)
      if (offline) throw new ViewNotOnline(offline.definition.name)
      const wanted = views.filter(({ definition }) => definition.online)
      return Promise.all(wanted.map(({ definition }) => materialize(project, definition.name)))
    },
    job: async (id) => {
      const job = await jobs.get(id)
      if (!job?.kind.startsWith('features.')) throw new JobUnknown(id)
      const { kind, state, progress, output, error } = job
      return {
        ...{ id, kind: kind as FeaturesJob['kind'], state },
        progress: progress?.message ?? null,
        result: output ?? null,
        error: error ?? null,
      }
    },
    state: async ({ project, definition, serving }) => {
      if (!definition.online) return null
      const { name } = definition
      const last = serving ? await lastMaterialization(storage, project, name, serving.id) : undefined
      const youngest = last?.facts?.youngest ?? null
      return {
        version: serving?.number ?? null,
        entities: serving ? await store.count(serving.id) : 0,
        youngest: youngest === null ? null : youngest / 1_000,
        materializedAt: last?.finishedAt ?? null,
        failure: await failureOf(project, name),
        statistics: last?.facts?.statistics ?? [],
        skew: (await skewOf(storage, project, name)) ?? null,
      }
    },
    versions: async (project, view) =>
      Promise.all(
        (await catalog.versions(project, view)).map(async ({ id, ...version }, i) => {
          const last = i < COMPARED_VERSIONS ? await lastMaterialization(storage, project, view, id) : undefined
          return { ...version, statistics: last?.facts?.statistics ?? [] }
        }),
      ),
    materializations: (project, view, limit) => materializationsOf(storage, project, view, limit),
    stream: streams.info,
    rejected: async (project, name, limit) => {
      const [view] = await catalog.withRows(project, [name])
      if (!view!.definition.stream) throw new ViewNotStreamed(name)
      return rejectedMessages(storage, { project, view: name }, limit)
    },
    metrics: metrics.registry,
    start: () => {
      keeper.start()
      streams.start()
    },
    stop: async () => {
      await Promise.all([keeper.stop(), streams.stop()])
    },
    close: store.close,
  }
}
