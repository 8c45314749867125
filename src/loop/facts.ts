import type { Data } from '#data'
import type { Deployments } from '#deployments'
import type { Endpoint, Rollout } from '#deployments/contract'
import type { Monitoring } from '#monitoring'
import type { Alert, MonitorPoint } from '#monitoring/contract'
import type { Pipelines } from '#pipelines'
import type { PipelineRun } from '#pipelines/contract'
import type { Drift, Projects, ProjectSpec, StoredProject } from '#projects'
import type { Registry } from '#registry'
import type { ModelVersion } from '#registry/contract'
import type { Serving } from '#serving'
import type { Triggers } from '#triggers'

export interface LoopNeeds {
  readonly projects: Projects
  readonly data: Data
  readonly pipelines: Pipelines
  readonly registry: Registry
  readonly deployments: Deployments
  readonly serving: Serving
  readonly monitoring: Monitoring
  readonly triggers: Triggers
  /** Where the server is not as a file says. */
  readonly drift: (spec: ProjectSpec) => Promise<Drift[]>
}

/** Everything the picture of a project's loop is drawn from. */
export interface LoopFacts {
  readonly project: StoredProject
  readonly endpoint: Endpoint | undefined
  readonly rollout: Rollout | undefined
  readonly champion: ModelVersion | undefined
  readonly candidate: ModelVersion | undefined
  readonly runs: readonly PipelineRun[]
  readonly versions: number
  readonly data: { name: string; number: number; rows: number } | undefined
  readonly point: MonitorPoint | undefined
  readonly alerts: readonly Alert[]
  readonly counts: {
    predictions: number
    labelled: number
    failed: number
    requestsPerSecond: number
    p99Ms: number | null
  }
  readonly retrainings: number
  readonly rollouts: readonly Rollout[]
}

export async function gatherFacts(
  needs: LoopNeeds,
  project: StoredProject,
  endpoint: Endpoint | undefined,
): Promise<LoopFacts> {
  const { data, pipelines, registry, deployments, serving, monitoring, triggers } = needs
  const name = project.name
  const dataset = project.spec.pipeline.train.with.data
  const [runs, rollouts, alerts, latest, [model]] = await Promise.all([
    pipelines.runs(name, 20),
    endpoint ? deployments.rollouts({ endpoint: endpoint.name }) : [],
    monitoring.alerts({ project: name, open: true, limit: 20 }),
    data.latest(name, dataset),
    registry.models({ project: name }),
  ])
  const rollout = rollouts.find((one) => one.finishedAt === null)
  const counts = endpoint ? await serving.reads.counts(endpoint.name) : undefined
  const status = endpoint ? serving.status(endpoint.name) : undefined
  const busiest = status?.versions.reduce((a, b) => (b.served > a.served ? b : a), status.versions[0]!)
  return {
    project,
    endpoint,
    rollout,
    rollouts,
    runs,
    alerts,
    versions: model?.versions ?? 0,
    champion: endpoint?.champion ? await registry.version(endpoint.model, endpoint.champion) : undefined,
    candidate: rollout && endpoint ? await registry.version(endpoint.model, rollout.version) : undefined,
    data: latest && { name: dataset, number: latest.number, rows: latest.rows },
    point: endpoint ? await monitoring.latestPoint(endpoint.name) : undefined,
    counts: {
      predictions: counts?.predictions ?? 0,
      labelled: counts?.labelled ?? 0,
      failed: status?.failed ?? 0,
      requestsPerSecond: status?.requestsPerSecond ?? 0,
      p99Ms: busiest?.p99Ms ?? null,
    },
    retrainings: await triggers.retrainings(name),
  }
}
