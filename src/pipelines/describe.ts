import type { Job, JobStep } from '#platform/jobs'
import type { PipelineRun, PipelineStep } from './contract.ts'
import type { PipelineInput } from './needs.ts'
import type { BuiltModel } from './steps/build-model.ts'
import type { DataStep } from './steps/read-data.ts'

/** Steps of the journal that are bookkeeping, not news. */
const HIDDEN = ['code', 'tracking', 'candidate']
const INSIDE_MODEL = ['train', 'evaluate', 'package']

/** A job and its journal as people know it: data, train, evaluate, package. */
export function describeRun(job: Job, journal: readonly JobStep[]): PipelineRun {
  const { project, name, cause } = job.input as PipelineInput
  // A command of the user's own trains in a step of its own; what is left is to judge and package its model.
  const byCommand = journal.some((step) => step.name === 'train')
  const steps = journal.flatMap((step) => (HIDDEN.includes(step.name) ? [] : describeStep(step, byCommand)))
  for (const later of ['data', ...INSIDE_MODEL])
    if (!steps.some((step) => step.name === later)) steps.push(waiting(later))
  const data = outputOf<DataStep>(journal, 'data')
  return {
    id: job.id,
    name,
    project,
    state: job.state,
    cause,
    code: outputOf<PipelineRun['code']>(journal, 'code') ?? { commit: null, dirty: false, contentHash: '' },
    steps,
    dataVersion: data?.version ?? null,
    parentRun: outputOf<string>(journal, 'tracking') ?? null,
    error: job.error ?? null,
    progress: job.state === 'running' ? (job.progress ?? null) : null,
    createdAt: job.createdAt,
    startedAt: job.startedAt ?? null,
    finishedAt: job.finishedAt ?? null,
  }
}

function describeStep(step: JobStep, byCommand: boolean): PipelineStep[] {
  const { state, startedAt } = step
  const finishedAt = step.finishedAt ?? null
  if (step.name !== 'model') return [{ name: step.name, state, summary: summaryOf(step), startedAt, finishedAt }]
  // Training, evaluating and packaging happen in one child; it tells when each began and ended.
  const phases = (step.output as BuiltModel | undefined)?.phases
  if (!phases) return [{ name: byCommand ? 'evaluate' : 'train', state, summary: '', startedAt, finishedAt }]
  return phases
    .filter((phase) => !(byCommand && phase.name === 'train'))
    .map((phase) => ({ ...phase, state: 'succeeded' as const }))
}

const summaryOf = (step: JobStep) => (step.output as { summary?: string } | undefined)?.summary ?? ''

const waiting = (name: string): PipelineStep => ({
  name,
  state: 'waiting',
  summary: '',
  startedAt: null,
  finishedAt: null,
})

function outputOf<T>(journal: readonly JobStep[], name: string): T | undefined {
  return journal.find((step) => step.name === name)?.output as T | undefined
}
