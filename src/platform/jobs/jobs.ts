import { ulid } from 'ulid'
import { asOrreryError } from '#platform/errors'
import type { Logger } from '#platform/log'
import type { Storage, Tx } from '#platform/storage'
import type { Clock } from '#platform/time'
import {
  insertJob,
  type Job,
  type JobError,
  type JobProgress,
  type JobStep,
  jobById,
  listJobs,
  saveStep,
  stepsOf,
  unfinishedJobWithKey,
  updateJob,
} from './store.ts'

/** What a job's handler is given. */
export interface JobContext<Input> {
  readonly id: string
  readonly project: string | undefined
  readonly input: Input
  /** Aborted when the job is cancelled or the server stops. */
  readonly signal: AbortSignal
  /**
   * Runs `work` once: after a restart a finished step is not run again, its journaled output (JSON) is returned.
   * `commit` writes what the step leaves in the database in the same transaction as the journal entry.
   */
  step<T>(name: string, work: () => Promise<T>, commit?: (tx: Tx, output: T) => Promise<void>): Promise<T>
  progress(progress: JobProgress): void
}

export interface JobDefinition<Input, Output> {
  kind: string
  /** How many of this kind may run at once. */
  concurrency: number
  /** A job that was cut off by this many stops of the server is failed with that reason. */
  attempts: number
  run(job: JobContext<Input>): Promise<Output>
  /** Facts of its end, written in the transaction that ends it. */
  finished?(tx: Tx, job: Job, outcome: { output: Output } | { error: JobError }): Promise<void>
}

export interface Jobs {
  define<Input, Output>(definition: JobDefinition<Input, Output>): void
  /** In the caller's transaction: the job exists exactly if the fact that caused it does. */
  enqueue(
    tx: Tx,
    job: { id?: string; kind: string; input: unknown; key?: string; project?: string },
  ): Promise<{ id: string; input: unknown; existed: boolean }>
  /** The queued or running job of a kind with this key. */
  unfinished(tx: Tx, kind: string, key: string): Promise<{ id: string; input: unknown } | undefined>
  get(id: string): Promise<Job | undefined>
  list(where: { kind?: string; project?: string; limit?: number; states?: readonly Job['state'][] }): Promise<Job[]>
  steps(id: string): Promise<JobStep[]>
  cancel(id: string): Promise<boolean>
  /** Takes up what an earlier process left unfinished, then works until `stop`. */
  start(): Promise<void>
  stop(): Promise<void>
  settled(): Promise<boolean>
  /** Hears of progress, for live pages only. */
  listen(listener: (job: { id: string; project: string | undefined; progress: JobProgress }) => void): () => void
}

/** Progress is written at most this often; between, only live pages hear of it. */
const PROGRESS_EVERY_MS = 500

export function openJobs({ storage, clock, log }: { storage: Storage; clock: Clock; log: Logger }): Jobs {
  // biome-ignore lint/suspicious/noExplicitAny: each kind has its own input and output.
  const definitions = new Map<string, JobDefinition<any, any>>()
  const running = new Map<string, { kind: string; abort: AbortController; done: Promise<void> }>()
  const listeners = new Set<Parameters<Jobs['listen']>[0]>()
  let started = false
  let stopping = false
  let filling: Promise<void> | undefined
  let again = false

  /** Others that look for the same key wait until this transaction is over, so that only one of them finds none. */
  async function findUnfinished(tx: Tx, kind: string, key: string) {
    await storage.capabilities.serialize(tx, `platform_jobs ${kind} ${key}`)
    return unfinishedJobWithKey(tx, kind, key)
  }

  /** Starts queued jobs while their kinds have room. */
  function fill(): void {
    if (!started || stopping) return
    again = true
    filling ??= (async () => {
      while (again && !stopping) {
        again = false
        for (const job of await listJobs(storage, { states: ['queued'] })) {
          const definition = definitions.get(job.kind)
          if (!definition || stopping || running.has(job.id)) continue
          const busy = [...running.values()].filter((other) => other.kind === job.kind).length
          if (busy < definition.concurrency) launch(job, definition)
        }
      }
    })().finally(() => {
      filling = undefined
      if (again) fill()
    })
  }

  function launch(job: Job, definition: JobDefinition<unknown, unknown>): void {
    const abort = new AbortController()
    const done = execute(job, definition, abort.signal)
      .catch((error) => log.error({ err: error, job: job.id }, 'a job could not be brought to an end'))
      .finally(() => {
        running.delete(job.id)
        fill()
      })
    running.set(job.id, { kind: job.kind, abort, done })
  }

  async function execute(job: Job, definition: JobDefinition<unknown, unknown>, signal: AbortSignal): Promise<void> {
    const attempt = job.attempt + 1
    await storage.write((tx) =>
      updateJob(tx, job.id, { state: 'running', attempt, startedAt: job.startedAt ?? clock.now() }),
    )
    const context = await contextOf(job, signal)
    let outcome: { output: unknown } | { error: JobError }
    try {
      outcome = { output: await definition.run(context) }
    } catch (error) {
      // A stop of the server is no failure of the job: it stays `running` and the next start takes it up.
      if (stopping) return
      outcome = { error: signal.aborted ? cancelled : toJobError(error) }
      if (!signal.aborted) log.warn({ err: error, job: job.id, kind: job.kind }, 'job failed')
    }
    await end(job, definition, outcome)
  }

  async function end(
    job: Job,
    definition: JobDefinition<unknown, unknown>,
    outcome: { output: unknown } | { error: JobError },
  ): Promise<void> {
    const state = 'output' in outcome ? 'succeeded' : outcome.error === cancelled ? 'cancelled' : 'failed'
    await storage.write(async (tx) => {
      await updateJob(tx, job.id, { state, ...outcome, finishedAt: clock.now() })
      await definition.finished?.(tx, job, outcome)
    })
  }

  async function contextOf(job: Job, signal: AbortSignal): Promise<JobContext<unknown>> {
    const journal = new Map((await stepsOf(storage, job.id)).map((step) => [step.name, step]))
    let position = 0
    let lastProgress = 0
    return {
      id: job.id,
      project: job.project,
      input: job.input,
      signal,
      step: async (name, work, commit) => {
        signal.throwIfAborted()
        const at = position++
        const before = journal.get(name)
        if (before?.state === 'succeeded') return before.output as never
        const startedAt = clock.now()
        const save = (step: Omit<JobStep, 'name' | 'startedAt'>) => (tx: Tx) =>
          saveStep(tx, job.id, at, { name, startedAt, ...step })
        await storage.write(save({ state: 'running', output: undefined, finishedAt: undefined }))
        try {
          const output = await work()
          await storage.write(async (tx) => {
            await commit?.(tx, output)
            await save({ state: 'succeeded', output, finishedAt: clock.now() })(tx)
          })
          return output
        } catch (error) {
          if (!stopping) await storage.write(save({ state: 'failed', output: undefined, finishedAt: clock.now() }))
          throw error
        }
      },
      progress: (progress) => {
        for (const listener of listeners) listener({ id: job.id, project: job.project, progress })
        if (clock.now() - lastProgress < PROGRESS_EVERY_MS) return
        lastProgress = clock.now()
        storage
          .write((tx) => updateJob(tx, job.id, { progress }))
          .catch((error) => log.warn({ err: error, job: job.id }, 'progress was not kept'))
      },
    }
  }

  /** What was running when the last process ended: queued again, or failed when it keeps being cut off. */
  async function takeUp(): Promise<void> {
    for (const job of await listJobs(storage, { states: ['running'] })) {
      const definition = definitions.get(job.kind)
      if (definition && job.attempt < definition.attempts) {
        await storage.write((tx) => updateJob(tx, job.id, { state: 'queued' }))
        continue
      }
      const error = definition ? interrupted(job) : unknownKind(job)
      if (definition) await end(job, definition, { error })
      else await storage.write((tx) => updateJob(tx, job.id, { state: 'failed', error, finishedAt: clock.now() }))
    }
  }

  return {
    define: (definition) => void definitions.set(definition.kind, definition),
    enqueue: async (tx, { id = ulid(clock.now()), kind, input, key, project }) => {
      const existing = key === undefined ? undefined : await findUnfinished(tx, kind, key)
      if (existing) return { ...existing, existed: true }
      await insertJob(tx, { id, kind, key, project, input, at: clock.now() })
      storage.afterCommit(tx, fill)
      return { id, input, existed: false }
    },
    unfinished: findUnfinished,
    get: (id) => jobById(storage, id),
    list: (where) => listJobs(storage, { ...where, newestFirst: true }),
    steps: (id) => stepsOf(storage, id),
    cancel: async (id) => {
      const live = running.get(id)
      if (live) {
        live.abort.abort(new Error('cancelled'))
        await live.done
        return true
      }
      const job = await jobById(storage, id)
      if (job?.state !== 'queued') return false
      const definition = definitions.get(job.kind)
      if (definition) await end(job, definition, { error: cancelled })
      return true
    },
    start: async () => {
      await takeUp()
      started = true
      fill()
    },
    stop: async () => {
      stopping = true
      for (const { abort } of running.values()) abort.abort(new Error('the server is stopping'))
      await Promise.all([filling, ...[...running.values()].map((job) => job.done)])
    },
    settled: async () =>
      running.size === 0 && (await listJobs(storage, { states: ['queued', 'running'], limit: 1 })).length === 0,
    listen: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

const cancelled: JobError = {
  code: 'ORRERY_JOB_CANCELLED',
  message: 'The job was cancelled.',
  hint: 'Start it again when it is wanted.',
}

const interrupted = (job: Job): JobError => ({
  code: 'ORRERY_JOB_INTERRUPTED',
  message: `The server stopped ${job.attempt} times while this job ran, so it was given up.`,
  hint: 'See the log for what ends the server (memory is the usual cause), then start the job again.',
})

const unknownKind = (job: Job): JobError => ({
  code: 'ORRERY_JOB_UNKNOWN_KIND',
  message: `No part of this server knows how to run a job of kind "${job.kind}".`,
  hint: 'Start the version of Orrery that queued it, or start the work again.',
})

function toJobError(error: unknown): JobError {
  const known = asOrreryError(error)
  if (known) return { code: known.code, message: known.message, hint: known.hint }
  return {
    code: 'ORRERY_JOB_FAILED',
    message: error instanceof Error ? error.message : String(error),
    hint: 'See the server log around the time the job finished.',
  }
}
