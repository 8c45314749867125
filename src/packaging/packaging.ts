import { ulid } from 'ulid'
import type { Job } from '#platform/jobs'
import { VersionPackagedAlready } from '#registry'
import { isPackaged, type ModelVersion } from '#registry/contract'
import type { InferenceGraph } from '#runtime/contract'
import { composeVersion } from './compose.ts'
import type { Packaging, PackagingOutcome, PackagingWishes } from './contract.ts'
import { type DeclaredGraphs, openDeclaredGraphs } from './follow-graphs.ts'
import type { PackagingNeeds } from './needs.ts'
import { type PackagingInput, packageVersion } from './package-version.ts'
import { requestOf, saveRequest } from './store.ts'

export interface PackagingRoom {
  /**
   * Queues the packaging of a version; one that is under way is returned.
   *
   * @throws VersionUnknown, VersionPackagedAlready
   */
  request(asked: { model: string; version: number; by: string } & PackagingWishes): Promise<Packaging>
  /** A version out of packaged versions, judged on the rows of a project where one is named. @throws VersionUnknown, VersionNotPackaged, GraphUnfit, ModelBroken */
  compose(asked: { model: string; graph: InferenceGraph; by: string; project: string | null }): Promise<ModelVersion>
  /** Composed models that project files declare. */
  readonly graphs: DeclaredGraphs
  /** @throws VersionUnknown */
  state(model: string, version: number): Promise<Packaging>
}

const KIND = 'packaging'

export function openPackaging(needs: PackagingNeeds): PackagingRoom {
  const { storage, events, jobs, clock, registry } = needs

  jobs.define<PackagingInput, PackagingOutcome>({
    kind: KIND,
    // An environment that is made and a model that is converted take a core for a minute each.
    concurrency: 1,
    attempts: 3,
    run: (job) => packageVersion(job, needs),
    finished: async (tx, job, outcome) => {
      const { model, version } = job.input as PackagingInput
      await events.publish(tx, {
        type: 'error' in outcome ? 'packaging.failed' : 'packaging.succeeded',
        project: job.project,
        subject: `${model}@${version}`,
        data: { model, version, ...('error' in outcome ? { error: outcome.error } : outcome.output) },
      })
    },
  })

  async function state(model: string, version: number): Promise<Packaging> {
    await registry.version(model, version)
    const asked = await requestOf(storage, model, version)
    const job = asked && (await jobs.get(asked.job))
    return { ...(job ? describe(job) : NOTHING), model, version, by: asked?.by ?? null, askedAt: asked?.at ?? null }
  }

  return {
    state,
    graphs: openDeclaredGraphs(needs),
    compose: (asked) => composeVersion(needs, asked),
    request: async ({ model, version, by, ...wishes }) => {
      const found = await registry.version(model, version)
      if (isPackaged(found)) throw new VersionPackagedAlready(model, version)
      if (wishes.project !== undefined) await needs.projects.project(wishes.project)
      const project = wishes.project ?? found.project ?? undefined
      await storage.write(async (tx) => {
        const input: PackagingInput = { model, version, ...wishes }
        const key = `${model}@${version}`
        const id = ulid(clock.now())
        const job = await jobs.enqueue(tx, { id, kind: KIND, key, input, ...(project !== undefined && { project }) })
        if (job.existed) return
        await saveRequest(tx, { model, version, job: id, by, at: clock.now() })
        await events.publish(tx, { type: 'packaging.started', project, subject: key, data: { model, version, by } })
      })
      return state(model, version)
    },
  }
}

const NOTHING: Pick<Packaging, 'state' | 'job' | 'progress' | 'error' | 'outcome' | 'finishedAt'> = {
  ...{ state: 'none', job: null, progress: null, error: null, outcome: null, finishedAt: null },
}

const describe = (job: Job): typeof NOTHING => ({
  state: job.state,
  job: job.id,
  progress: job.state === 'running' ? (job.progress?.message ?? null) : null,
  error: job.error ?? null,
  outcome: job.state === 'succeeded' ? (job.output as PackagingOutcome) : null,
  finishedAt: job.finishedAt ?? null,
})
