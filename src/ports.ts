/** Where rooms declare what they need of later ones, `app.ts` hands them these. Glue only: no rule lives here. */
import type { PredictionLog } from '#data'
import type { Deployments } from '#deployments'
import type { ChampionOf, LabelledRows } from '#pipelines'
import type { Blobs } from '#platform/blobs'
import type { Events } from '#platform/events'
import type { Projects, StoredProject } from '#projects'
import type { Registry } from '#registry'
import type { EndpointSource, Serving } from '#serving'

const PAGE = 1_000

/** What was served and labelled, as fresh training rows. */
export function freshRows({ reads }: Serving): LabelledRows {
  return async function* (endpoint, after) {
    for (let seq = after; ; ) {
      const page = await reads.labelledSince(endpoint, seq, PAGE)
      for (const { joined, inputs, groundTruth, eventTime } of page)
        yield { seq: joined, inputs, label: groundTruth.label, eventTime }
      if (page.length < PAGE) return
      seq = page.at(-1)!.joined
    }
  }
}

/** The prediction log as a source of data: rows with the labels that are known by now. */
export function predictionLog(serving: () => Serving): PredictionLog {
  return {
    labelled: (endpoint) => freshRows(serving())(endpoint, 0),
    state: async (endpoint) => {
      const { predictions, labelled, corrected } = await serving().reads.counts(endpoint)
      return { predictions, labelled, corrected, latest: await serving().reads.watermark(endpoint) }
    },
  }
}

/** The champion of an endpoint with its package on disk. */
export function championOf(needs: {
  deployments: Deployments
  registry: Registry
  blobs: Blobs
  environments: string
}): ChampionOf {
  return async (name) => {
    const { champion, model } = await needs.deployments.endpoint(name)
    if (champion === null) return null
    const { package: onnx, signature, trainedUntil } = await needs.registry.packaged(model, champion)
    return {
      ...{ onnx: await needs.blobs.path(onnx.hash), signature, version: champion, trainedUntil },
      environments: needs.environments,
    }
  }
}

/** Endpoints and packages for the gateway. */
export function endpointSource(needs: {
  deployments: Deployments
  registry: Registry
  projects: Projects
  blobs: Blobs
  events: Events
}): EndpointSource {
  const { deployments, registry, projects, blobs, events } = needs
  return {
    endpoint: async (name) => {
      const endpoint = (await deployments.endpoints({})).find((one) => one.name === name)
      if (!endpoint) return undefined
      const { project, model, traffic } = endpoint
      if (project === null) return { project: '', model, traffic, time: [] }
      const of = await projects.project(project)
      const log = of.spec.deploy[name]?.log
      const { requests_per_second: requestsPerSecond } = of.spec.environments[endpoint.environment]?.limits ?? {}
      return {
        project,
        model,
        traffic,
        time: timeColumns(of),
        features: featuresOf(of),
        requestsPerSecond,
        ...(log && { log: { ...log, redactFeedback: log.redact_feedback } }),
      }
    },
    names: async () => (await deployments.endpoints({})).map((endpoint) => endpoint.name),
    package: async (model, version) => {
      const { signature, releaseRequests } = await registry.packaged(model, version)
      const bytes = await registry.packageBytes(model, version)
      return { bytes, signature, requests: () => blobs.get(releaseRequests) }
    },
    onTrafficChanged: (listener) =>
      events.listen((event) => {
        if (event.type === 'deployments.traffic_changed') listener(event.subject)
      }),
  }
}

const featuresOf = ({ spec }: StoredProject) => spec.data[spec.pipeline.train.with.data]?.features ?? []

const timeColumns = ({ spec }: StoredProject) => spec.data[spec.pipeline.train.with.data]?.time ?? []

/** How long each endpoint keeps its predictions. */
export function retentionOf(
  projects: Projects,
  deployments: Deployments,
): () => Promise<{ endpoint: string; keepMs: number; compactAfterMs: number }[]> {
  return async () => [
    ...(await projects.projects()).flatMap(({ spec }) =>
      Object.entries(spec.deploy).map(([endpoint, { log }]) => ({
        ...{ endpoint, keepMs: log.keep },
        // A project that was applied by an earlier release does not say.
        compactAfterMs: log.compact_after ?? COMPACTED_AFTER_MS,
      })),
    ),
    ...(await deployments.endpoints({}))
      .filter(({ project }) => project === null)
      .map(({ name }) => ({ endpoint: name, keepMs: KEPT_OUTSIDE_MS, compactAfterMs: COMPACTED_AFTER_MS })),
  ]
}

/** 400 days: what a project file that does not say keeps, too. */
const KEPT_OUTSIDE_MS = 400 * 86_400_000

/** A week: what monitors look at most lies in the table. */
const COMPACTED_AFTER_MS = 7 * 86_400_000
