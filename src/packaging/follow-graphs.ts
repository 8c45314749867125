import { isDeepStrictEqual } from 'node:util'
import type { Events } from '#platform/events'
import type { JobContext } from '#platform/jobs'
import type { Tx } from '#platform/storage'
import type { Drift, ProjectSpec } from '#projects'
import type { ModelVersion } from '#registry/contract'
import { InferenceGraph } from '#runtime/contract'
import { composeVersion, GRAPH_TAG } from './compose.ts'
import type { PackagingNeeds } from './needs.ts'

const KIND = 'composition'

export interface CompositionInput {
  project: string
  endpoint: string
  graph: InferenceGraph
}

export interface CompositionOutcome {
  /** Null where there was nothing to do: the latest version is of this graph, or the file says otherwise by now. */
  version: number | null
}

/** Composed models that a project file declares: a graph that changed becomes a version, which goes the way of every version. */
export interface DeclaredGraphs {
  /** Has every graph of a file put together that its model's latest version is not of. In the transaction that applies it. */
  follow(tx: Tx, project: string, spec: ProjectSpec): Promise<void>
  /** Graphs of a file that no version is of yet, and why. */
  drift(spec: ProjectSpec): Promise<Drift[]>
}

export function openDeclaredGraphs(needs: PackagingNeeds): DeclaredGraphs {
  const { jobs, events, registry } = needs

  jobs.define<CompositionInput, CompositionOutcome>({
    kind: KIND,
    concurrency: 1,
    attempts: 3,
    run: (job) => composeDeclared(job, needs),
    finished: async (tx, job, outcome) => {
      const { endpoint, graph } = job.input as CompositionInput
      // Nothing was to be done: nothing is told.
      if ('output' in outcome && outcome.output.version === null) return
      await events.publish(tx, {
        type: 'error' in outcome ? 'packaging.composition_failed' : 'packaging.composed',
        project: job.project,
        subject: endpoint,
        data: {
          model: endpoint,
          parts: graph.parts,
          ...('error' in outcome ? { error: outcome.error } : outcome.output),
        },
      })
    },
  })

  return {
    follow: async (tx, project, spec) => {
      for (const [endpoint, { graph }] of Object.entries(spec.deploy)) {
        if (!graph) continue
        const input: CompositionInput = { project, endpoint, graph }
        await jobs.enqueue(tx, { kind: KIND, key: `${endpoint} ${JSON.stringify(graph)}`, input, project })
      }
    },
    drift: async (spec) => {
      const found: Drift[] = []
      for (const [endpoint, { graph }] of Object.entries(spec.deploy)) {
        if (!graph) continue
        const latest = await latestOf(registry, endpoint)
        if (latest && isOf(latest, graph)) continue
        const all = await jobs.list({ kind: KIND, project: spec.project, limit: 50 })
        const job = all.find(({ input }) => {
          const asked = input as CompositionInput
          return asked.endpoint === endpoint && isDeepStrictEqual(asked.graph, graph)
        })
        // Nobody asked for it: the plan of the file says so.
        if (!job) continue
        const server = latest ? `v${latest.version} of ${partsOf(graphOf(latest))}` : 'no version'
        found.push({ endpoint, what: 'graph', file: partsOf(graph), server, why: reasonOf(job) })
      }
      return found
    },
  }
}

function reasonOf(job: { state: string; error?: { message: string } | undefined }): string {
  if (job.state === 'queued' || job.state === 'running') return 'it is being put together'
  return job.error ? `it could not be put together: ${job.error.message}` : 'another version was made since'
}

async function composeDeclared(job: JobContext<CompositionInput>, needs: PackagingNeeds): Promise<CompositionOutcome> {
  const { project, endpoint, graph } = job.input
  const { spec } = await needs.projects.project(project)
  if (!isDeepStrictEqual(spec.deploy[endpoint]?.graph, graph)) return { version: null }
  const latest = await latestOf(needs.registry, endpoint)
  if (latest && isOf(latest, graph)) return { version: null }
  const { version } = await composeVersion(needs, { model: endpoint, graph, by: 'orrery', project, job })
  return { version }
}

const latestOf = async (registry: PackagingNeeds['registry'], model: string): Promise<ModelVersion | undefined> =>
  (await registry.versions(model, { limit: 1, offset: 0 }))[0]

/** A version that never got its package does not count: putting it together was cut off. */
const isOf = (version: ModelVersion, graph: InferenceGraph) =>
  version.package !== null && isDeepStrictEqual(graphOf(version), graph)

function graphOf({ tags }: ModelVersion): InferenceGraph | undefined {
  try {
    return InferenceGraph.parse(JSON.parse(tags[GRAPH_TAG] ?? 'null'))
  } catch {
    return undefined
  }
}

const partsOf = (graph: InferenceGraph | undefined) =>
  graph ? Object.values(graph.parts).join(', ') : 'something that is no graph'

/** A part that was not there before, and rows to judge it on, may have come: graphs that wait for them are tried again. */
export function retryGraphs(needs: {
  events: Events
  projects: PackagingNeeds['projects']
  storage: PackagingNeeds['storage']
  graphs: DeclaredGraphs
}): void {
  const { events, projects, storage, graphs } = needs
  events.subscribe('packaging-graphs', ['registry.version_registered', 'data.version_created'], async (event) => {
    for (const { name, spec } of await projects.projects()) {
      const waits = Object.entries(spec.deploy).some(([, { graph }]) => graph && concerns(event, name, graph))
      if (!waits) continue
      // What is there already stays as it is: only what differs is put together.
      if ((await graphs.drift(spec)).length === 0) continue
      await storage.write((tx) => graphs.follow(tx, name, spec))
    }
  })
}

function concerns(
  { type, project, data }: { type: string; project?: string | undefined; data: Record<string, unknown> },
  name: string,
  graph: InferenceGraph,
): boolean {
  if (type === 'data.version_created') return project === name
  return Object.values(graph.parts).includes(`${data.model}@${data.version}`)
}
