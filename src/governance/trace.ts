import type { Data } from '#data'
import type { Deployments } from '#deployments'
import type { Monitoring } from '#monitoring'
import type { Pipelines } from '#pipelines'
import type { Registry } from '#registry'
import { PredictionUnknown, type Serving } from '#serving'
import type { Tracking } from '#tracking'
import type { Trace } from './contract.ts'
import { explainPrediction } from './explain.ts'

export interface TraceNeeds {
  readonly serving: Serving
  readonly registry: Registry
  readonly tracking: Tracking
  readonly pipelines: Pipelines
  readonly data: Data
  readonly deployments: Deployments
  readonly monitoring: Monitoring
  /** Folder where Python environments are kept. */
  readonly environments: string
}

/** From one prediction id back to versions, runs, code, data, approvals and the alerts that caused them. */
export async function tracePrediction(needs: TraceNeeds, id: string): Promise<Trace> {
  const logged = await needs.serving.reads.prediction(id)
  if (!logged) throw new PredictionUnknown(id)
  const { seq: _seq, project: _project, probabilities: _probabilities, ...prediction } = logged
  const parts = Object.entries(prediction.weights)
    .map(([version, weight]) => ({ version: Number(version), weight }))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight)
  const versions = await Promise.all(
    parts.map(({ version, weight }) => traceVersion(needs, prediction.endpoint, prediction.model, version, weight)),
  )
  const [heaviest] = parts
  const explanation = heaviest ? await explainPrediction(needs, prediction, heaviest.version) : null
  const address = `/api/predictions/${encodeURIComponent(id)}/explanation.png`
  const picture = (await needs.serving.keepsPicture(prediction))
    ? { plain: `${address}?plain=yes`, explained: address }
    : null
  return { prediction, versions, picture, explanation }
}

async function traceVersion(
  needs: TraceNeeds,
  endpoint: string,
  model: string,
  number: number,
  weight: number,
): Promise<Trace['versions'][number]> {
  const { registry, tracking, pipelines, data, deployments, monitoring } = needs
  const version = await registry.packaged(model, number)
  const [run, pipelineRun, dataVersion, [rollout]] = await Promise.all([
    version.run === null ? null : tracking.run(version.run),
    version.pipelineRun === null ? null : pipelines.run(version.pipelineRun),
    version.dataVersion === null ? null : data.version(version.dataVersion),
    deployments.rollouts({ endpoint, version: number }),
  ])
  const alert = version.cause.kind === 'alert' ? await monitoring.alert(version.cause.by) : null
  return {
    model,
    version: number,
    weight,
    package: version.package,
    certification: version.certification,
    gates: version.gates,
    promotedAt: rollout?.history.find((entry) => entry.state === 'promoted')?.at ?? null,
    rollout: rollout?.id ?? null,
    run: run && {
      id: run.id,
      name: run.name,
      params: run.params,
      metrics: run.metrics,
      seconds: run.endedAt === null ? null : (run.endedAt - run.startedAt) / 1000,
    },
    pipelineRun: pipelineRun && { id: pipelineRun.id, name: pipelineRun.name },
    environment: version.environment,
    code: version.code,
    data: dataVersion && {
      id: dataVersion.id,
      dataset: dataVersion.dataset,
      number: dataVersion.number,
      rows: dataVersion.rows,
      contentHash: dataVersion.contentHash,
      until: version.trainedUntil,
      source: dataVersion.source.source,
      tables: (await data.lineage(dataVersion.id)).versions
        .filter(({ dataset }) => dataset !== dataVersion.dataset)
        .map(({ id, dataset, number }) => ({ id, dataset, number })),
    },
    cause: version.cause,
    alert: alert && { id: alert.id, title: alert.title, features: alert.features },
  }
}
