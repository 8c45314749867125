import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ulid } from 'ulid'
import type { Events } from '#platform/events'
import type { Job, JobContext, Jobs } from '#platform/jobs'
import type { Tx } from '#platform/storage'
import { type CommandStep, orderSteps, readCodeVersion, type StoredProject } from '#projects'
import { runName } from '#tracking'
import type { CandidateRecord } from './candidate.ts'
import type { Cause, PipelineRun, PreparationFacts } from './contract.ts'
import { describeRun } from './describe.ts'
import { PipelineRunUnknown } from './errors.ts'
import type { PipelineInput, PipelineNeeds } from './needs.ts'
import { type BuiltModel, buildModel } from './steps/build-model.ts'
import { type DataStep, readData } from './steps/read-data.ts'
import { type Judged, judgeModel, type ModelToJudge } from './steps/judge-model.ts'
import { type CommandModel, runStepCommand } from './steps/run-command.ts'
import { candidateOf, insertRun, saveCandidate } from './store.ts'

export interface Pipelines {
  /** Queues a run in the caller's transaction; while one of the project is under way, that one is returned. */
  start(
    tx: Tx,
    run: { project: string; endpoint: string; cause: Cause },
  ): Promise<{ id: string; name: string; existed: boolean }>
  run(id: string): Promise<PipelineRun>
  runs(project: string, limit: number): Promise<PipelineRun[]>
  cancel(id: string): Promise<boolean>
  /** Judges a model that was trained elsewhere on a project's held-out rows. @throws ModelUnfit, NothingToJudgeOn */
  judge(model: ModelToJudge): Promise<Judged>
  /** How records are prepared for the model of a run; null while it has none, and without a recipe. */
  preparation(id: string): Promise<PreparationFacts | null>
  /** What a run that succeeded hands over. */
  candidate(id: string): Promise<CandidateRecord>
}

const KIND = 'pipeline'

export function openPipelines(needs: PipelineNeeds & { jobs: Jobs; events: Events }): Pipelines {
  const { jobs, events, storage } = needs

  jobs.define<PipelineInput, { model: string }>({
    kind: KIND,
    // Two cores: a second training would only slow down the first, and what is served beside it.
    concurrency: 1,
    attempts: 3,
    run: (job) => runPipeline(job, needs),
    finished: async (tx, job, outcome) => {
      const { project, endpoint, name, cause } = job.input as PipelineInput
      const failed = 'error' in outcome ? outcome.error : undefined
      if (failed) await needs.tracking.abandonRun(tx, job.id)
      await events.publish(tx, {
        type: failed ? 'pipelines.run_failed' : 'pipelines.run_succeeded',
        project,
        subject: job.id,
        data: { name, endpoint, cause, ...(failed && { error: failed }) },
      })
    },
  })

  async function required(id: string): Promise<Job> {
    const job = await jobs.get(id)
    if (job?.kind !== KIND) throw new PipelineRunUnknown(id)
    return job
  }

  const describe = async (job: Job) => describeRun(job, await jobs.steps(job.id))

  return {
    start: async (tx, { project, endpoint, cause }) => {
      const underway = await jobs.unfinished(tx, KIND, project)
      if (underway) return { id: underway.id, name: (underway.input as PipelineInput).name, existed: true }
      const id = ulid(needs.clock.now())
      const name = runName(await insertRun(tx, id, project))
      const input: PipelineInput = { project, endpoint, name, cause }
      await jobs.enqueue(tx, { id, kind: KIND, key: project, project, input })
      await events.publish(tx, { type: 'pipelines.run_started', project, subject: id, data: { name, cause } })
      return { id, name, existed: false }
    },
    run: async (id) => describe(await required(id)),
    runs: async (project, limit) => Promise.all((await jobs.list({ kind: KIND, project, limit })).map(describe)),
    judge: (model) => judgeModel(needs, model),
    cancel: async (id) => jobs.cancel((await required(id)).id),
    preparation: async (id) => {
      const { preparation } = (await candidateOf(storage, id)) ?? {}
      if (!preparation) return null
      const { recipe, inputs, program, fitted } = preparation
      return {
        recipe,
        inputs: [...inputs],
        columns: program.columns.map((column) => column.name),
        fitted: fitted.map((one) => ({ ...one, learned: { ...one.learned } })),
      }
    },
    candidate: async (id) => {
      const candidate = await candidateOf(storage, id)
      if (!candidate) throw new PipelineRunUnknown(id)
      return candidate
    },
  }
}

/** Every step is journaled: after a restart the run goes on behind the last one that finished. */
async function runPipeline(job: JobContext<PipelineInput>, needs: PipelineNeeds): Promise<{ model: string }> {
  const files = join(needs.work, job.id)
  await mkdir(files, { recursive: true })
  try {
    const project = await needs.projects.project(job.input.project)
    const code = await job.step('code', () => readCodeVersion(project.folder))
    const read = await readData(job, needs, project, files)
    const trackedRun = await startTrackedRun(job, needs, project, read)
    let left: CommandModel | undefined
    for (const { name, step } of orderSteps(project.spec.pipeline)) {
      if (!('run' in step)) continue
      const run = { name, step: step as CommandStep, read, trackedRun, files }
      left = (await runStepCommand(job, needs, project, run)) ?? left
    }
    const { train } = project.spec.pipeline
    const built = await buildModel(job, needs, project, read, 'run' in train ? { ...train, ...left! } : train, files)
    const candidate = candidateFrom(job, read, built, code, trackedRun)
    await job.step(
      'candidate',
      async () => ({ model: candidate.model }),
      (tx) => keep(tx, job, needs, candidate, built),
    )
    return { model: candidate.model }
  } finally {
    await rm(files, { recursive: true, force: true })
  }
}

/** One tracked run for the pipeline run; its trials, and whatever the user's own steps log, are nested in it. */
function startTrackedRun(
  job: JobContext<PipelineInput>,
  { tracking, storage, clock }: PipelineNeeds,
  project: StoredProject,
  read: DataStep,
): Promise<string> {
  return job.step('tracking', async () => {
    const experiment = await storage.write((tx) => tracking.ensureExperiment(tx, project.name, project.name))
    const run = await tracking.startRun({
      experiment: experiment.id,
      name: job.input.name,
      id: job.id,
      startedAt: clock.now(),
    })
    await tracking.log(run.id, {
      tags: [
        ['orrery.pipeline_run', job.id],
        ['orrery.data_version', read.version],
        ['orrery.cause', job.input.cause.reason],
      ],
    })
    return run.id
  })
}

function candidateFrom(
  job: JobContext<PipelineInput>,
  read: DataStep,
  built: BuiltModel,
  code: CandidateRecord['code'],
  run: string,
): CandidateRecord {
  const { trials: _, phases: __, model: ___, sheet: ____, ...rest } = built
  const { project, endpoint, cause } = job.input
  return {
    ...rest,
    project,
    endpoint,
    model: endpoint,
    pipelineRun: job.id,
    run,
    dataVersion: read.version,
    code,
    cause,
  }
}

/** The trials as runs, the winner's artifacts, and the candidate, in one transaction with the journal. */
async function keep(
  tx: Tx,
  job: JobContext<PipelineInput>,
  { tracking, clock }: PipelineNeeds,
  candidate: CandidateRecord,
  built: BuiltModel,
): Promise<void> {
  for (const [i, trial] of built.trials.entries()) {
    await tracking.recordRun(tx, {
      id: `${job.id}-${i + 1}`,
      name: `${job.input.name}/${trial.name}`,
      experiment: job.input.project,
      project: job.input.project,
      parent: candidate.run,
      params: trial.params,
      metrics: { ...trial.metrics, weight: trial.weight },
      tags: trial.weight > 0 ? { 'orrery.winner': 'true' } : {},
      artifacts: [],
      startedAt: trial.startedAt,
      endedAt: trial.endedAt,
    })
  }
  const { metrics, metric } = built.report
  const winners = built.trials.filter((trial) => trial.weight > 0).map((trial) => trial.params.learner)
  await tracking.completeRun(tx, candidate.run, {
    params: {
      learner: winners.length > 0 ? winners.join(' + ') : candidate.environment.trainer!,
      metric,
      ...(built.preparation && { preparation: built.preparation.recipe }),
    },
    metrics: Object.fromEntries(Object.entries(metrics).map(([name, estimate]) => [name, estimate.value])),
    artifacts: [
      { path: 'model/model.onnx', ...built.onnx },
      ...(built.model ? [{ path: 'model/model.json', ...built.model }] : []),
      // Absent where a run of an older server goes on.
      ...(built.sheet ? [{ path: 'evaluation/wrong-pictures.png', ...built.sheet }] : []),
    ],
    endedAt: clock.now(),
  })
  await saveCandidate(tx, job.id, candidate)
}
