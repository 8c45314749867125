import { setTimeout as sleep } from 'node:timers/promises'
import type { Rollout } from '#deployments/contract'
import type { PipelineRun, PipelineStep } from '#pipelines/contract'
import { type EvaluatedVersion, isEvaluated } from '#registry/contract'
import type { Server } from './server.ts'

/** Polled, not streamed: four small requests a second, and nothing to mend when the server restarts. */
const LOOK_EVERY_MS = 250
const SETTLE_SECONDS = 120

export interface Follower {
  /** Each step once, when it has ended. */
  step(step: PipelineStep): void
  /** What is going on, as often as it is looked at. */
  working(step: string, message: string): void
}

/** Follows a pipeline run to its end. */
export async function followPipelineRun(server: Server, id: string, follower: Follower): Promise<PipelineRun> {
  const told = new Set<string>()
  for (;;) {
    const run = await server.getPipelineRun({ params: { run: id } })
    for (const step of run.steps) {
      if ((step.state !== 'succeeded' && step.state !== 'failed') || told.has(step.name)) continue
      told.add(step.name)
      follower.step(step)
    }
    if (run.state !== 'queued' && run.state !== 'running') return run
    const now = run.steps.find((step) => step.state === 'running')
    follower.working(now?.name ?? run.name, run.progress?.message ?? (run.state === 'queued' ? 'waits its turn' : ''))
    await sleep(LOOK_EVERY_MS)
  }
}

export interface Outcome {
  readonly version: EvaluatedVersion
  /** `undefined` when the gates let it go no further. */
  readonly rollout: Rollout | undefined
}

/** What became of a run that succeeded: its version, and how far that is on its way. */
export async function outcomeOf(server: Server, run: PipelineRun): Promise<Outcome | undefined> {
  await server.settled({ params: { project: run.project }, query: { timeout: SETTLE_SECONDS } })
  const { models } = await server.listModels({ query: { project: run.project } })
  for (const { name } of models) {
    const { versions } = await server.listVersions({ params: { model: name }, query: { limit: 20 } })
    const version = versions.find((one) => one.pipelineRun === run.id)
    if (!version || !isEvaluated(version)) continue
    const { rollouts } = await server.listRollouts({ params: { endpoint: version.endpoint }, query: { limit: 20 } })
    return { version, rollout: rollouts.find((one) => one.version === version.version) }
  }
  return undefined
}
