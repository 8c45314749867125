import { rm } from 'node:fs/promises'
import type { Job } from '#platform/jobs'
import type { Tx } from '#platform/storage'
import { openSchedules } from '#platform/time'
import type { Batch, BatchOutcome, BatchRequest } from './contract.ts'
import { BatchUnknown } from './errors.ts'
import type { BatchNeeds } from './needs.ts'
import { type BatchJob, folderOf, refuseRelative, resolveScorer, runBatch, targetOf } from './run-batch.ts'
import { allSchedules, type KeptBatch, moveSchedule, replaceSchedules } from './store.ts'
import { refuseTaken, withoutPassword } from './target.ts'

export interface BatchRoom {
  /**
   * Queues the scoring of a table.
   *
   * @throws ProjectUnknown, BatchScorerUnknown, BatchModelUnfit, BatchInputInvalid, BatchTargetInvalid
   */
  request(asked: BatchRequest & { by: string }): Promise<Batch>
  list(where: { project?: string; limit: number }): Promise<Batch[]>
  /** @throws BatchUnknown */
  get(id: string): Promise<Batch>
  cancel(id: string): Promise<Batch>
  /** Keeps the schedules from now on. */
  start(): Promise<void>
  stop(): Promise<void>
}

const KIND = 'batch'

export function openBatch(needs: BatchNeeds): BatchRoom {
  const { storage, events, jobs, clock, log, projects } = needs

  jobs.define<BatchJob, BatchOutcome>({
    kind: KIND,
    // Two would share the cores that one has.
    concurrency: 1,
    attempts: 20,
    run: (job) => runBatch(job, needs),
    finished: async (tx, job, outcome) => {
      const { score, into } = job.input as BatchJob
      await events.publish(tx, {
        type: 'error' in outcome ? 'batch.failed' : 'batch.succeeded',
        project: job.project,
        subject: job.id,
        data: {
          score,
          into: withoutPassword(into),
          ...('error' in outcome ? { error: outcome.error } : outcome.output),
        },
      })
      storage.afterCommit(tx, () => void rm(folderOf(needs, job.id), { recursive: true, force: true }))
    },
  })

  const schedules = openSchedules({
    clock,
    log,
    all: () => allSchedules(storage),
    fire: async (schedule, now) => {
      const job = await jobOf(schedule, now)
      await storage.write(async (tx) => {
        if ((await moveSchedule(tx, schedule, now)) && job) await enqueue(tx, job)
      })
    },
  })

  /** What a schedule starts; nothing when its project says otherwise by now. */
  async function jobOf({ project, name }: KeptBatch, now: number): Promise<BatchJob | undefined> {
    const found = (await projects.projects()).find((one) => one.name === project)
    const batch = found?.spec.batch[name]
    if (!found || !batch) return undefined
    const { score, input, into, table, keep } = batch
    const time = new Date(now).toISOString().slice(0, 16).replaceAll(':', '')
    return {
      ...{ score, input, table, keep, project, schedule: name, by: 'schedule', from: found.folder },
      ...{ into: into.replaceAll('{time}', time), overwrite: true, partRows: PART_ROWS },
    }
  }

  async function enqueue(tx: Tx, job: BatchJob): Promise<string> {
    // A schedule whose last run is not over does not start another.
    const key = job.schedule === null ? undefined : `${job.project} ${job.schedule}`
    const { id } = await jobs.enqueue(tx, {
      ...{ kind: KIND, input: job },
      ...(key !== undefined && { key }),
      ...(job.project !== undefined && { project: job.project }),
    })
    return id
  }

  async function get(id: string): Promise<Batch> {
    const job = await jobs.get(id)
    if (job?.kind !== KIND) throw new BatchUnknown(id)
    const resolved = (await jobs.steps(id)).find(({ name, state }) => name === 'resolve' && state === 'succeeded')
    return described(job, resolved?.output as { model: string; version: number } | undefined)
  }

  events.subscribe('batch', ['projects.applied'], async ({ subject }) => {
    const { spec } = await projects.project(subject)
    const wanted = Object.entries(spec.batch).map(([name, { cron }]) => ({ name, written: cron }))
    await storage.write((tx) => replaceSchedules(tx, subject, wanted, clock.now()))
    await schedules.keep()
  })

  return {
    get,
    request: async (asked) => {
      const project = asked.project === undefined ? undefined : await projects.project(asked.project)
      const job: BatchJob = { ...asked, schedule: null, from: project?.folder ?? '/' }
      if (!project) refuseRelative(pathsOf(job))
      await resolveScorer(needs, job.score)
      await refuseTaken(targetOf(job), job.overwrite)
      return get(await storage.write((tx) => enqueue(tx, job)))
    },
    list: async ({ project, limit }) =>
      Promise.all(
        (await jobs.list({ kind: KIND, limit, ...(project !== undefined && { project }) })).map(({ id }) => get(id)),
      ),
    cancel: async (id) => {
      await get(id)
      await jobs.cancel(id)
      return get(id)
    },
    start: () => schedules.keep(),
    stop: () => schedules.stop(),
  }
}

const PART_ROWS = 100_000

function pathsOf({ input, into, table }: BatchJob): string[] {
  const target = targetOf({ into, table, from: '' })
  const path = into.startsWith('sqlite:') ? into.replace(/^sqlite:(\/\/)?/, '') : into
  return [...('file' in input ? [input.file] : []), ...(target.kind === 'postgres' ? [] : [path])]
}

function described(job: Job, resolved?: { model: string; version: number }): Batch {
  const { score, input, into, table, keep, by, schedule, project } = job.input as BatchJob
  const { progress, error, output } = job
  return {
    ...{ id: job.id, project: project ?? null, schedule, score, input, keep, by },
    version: resolved ? `${resolved.model}@${resolved.version}` : null,
    into: withoutPassword(into),
    table: into.endsWith('.parquet') ? null : table,
    state: job.state,
    progress:
      job.state === 'running' && progress ? { message: progress.message, fraction: progress.fraction ?? null } : null,
    error: error ?? null,
    outcome: job.state === 'succeeded' ? (output as BatchOutcome) : null,
    createdAt: job.createdAt,
    finishedAt: job.finishedAt ?? null,
  }
}
