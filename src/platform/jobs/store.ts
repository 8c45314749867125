import { decodeJson, encodeJson, type Storage, type Tx, tables } from '#platform/storage'

export type JobState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled'

/** A job as it is kept: enough to run it again from its last finished step. */
export interface Job {
  id: string
  kind: string
  /** At most one unfinished job per kind and key. */
  key: string | undefined
  project: string | undefined
  state: JobState
  input: unknown
  output: unknown
  error: JobError | undefined
  attempt: number
  progress: JobProgress | undefined
  createdAt: number
  startedAt: number | undefined
  finishedAt: number | undefined
}

export interface JobError {
  code: string
  message: string
  hint: string
}

export interface JobProgress {
  message: string
  /** 0 to 1, when it is known. */
  fraction?: number | undefined
}

export interface JobStep {
  name: string
  state: 'running' | 'succeeded' | 'failed'
  output: unknown
  startedAt: number
  finishedAt: number | undefined
}

interface JobTables {
  platform_jobs: {
    id: string
    kind: string
    key: string | null
    project: string | null
    state: JobState
    input: string
    output: string | null
    error: string | null
    attempt: number
    progress: string | null
    created_at: number
    started_at: number | null
    finished_at: number | null
  }
  platform_job_steps: {
    job: string
    name: string
    position: number
    state: JobStep['state']
    output: string | null
    started_at: number
    finished_at: number | null
  }
}

export async function insertJob(
  tx: Tx,
  job: { id: string; kind: string; key?: string | undefined; project?: string | undefined; input: unknown; at: number },
): Promise<void> {
  await tables<JobTables>(tx)
    .insertInto('platform_jobs')
    .values({
      id: job.id,
      kind: job.kind,
      key: job.key ?? null,
      project: job.project ?? null,
      state: 'queued',
      input: encodeJson(job.input),
      output: null,
      error: null,
      attempt: 0,
      progress: null,
      created_at: job.at,
      started_at: null,
      finished_at: null,
    })
    .execute()
}

export async function unfinishedJobWithKey(
  tx: Tx,
  kind: string,
  key: string,
): Promise<{ id: string; input: unknown } | undefined> {
  const row = await tables<JobTables>(tx)
    .selectFrom('platform_jobs')
    .select(['id', 'input'])
    .where('kind', '=', kind)
    .where('key', '=', key)
    .where('state', 'in', ['queued', 'running'])
    .executeTakeFirst()
  return row && { id: row.id, input: decodeJson(row.input) }
}

export async function jobById(storage: Storage, id: string): Promise<Job | undefined> {
  const row = await storage
    .reads<JobTables>()
    .selectFrom('platform_jobs')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst()
  return row && fromRow(row)
}

export async function listJobs(
  storage: Storage,
  where: { states?: readonly JobState[]; kind?: string; project?: string; limit?: number; newestFirst?: boolean },
): Promise<Job[]> {
  let query = storage.reads<JobTables>().selectFrom('platform_jobs').selectAll()
  if (where.states) query = query.where('state', 'in', [...where.states])
  if (where.kind) query = query.where('kind', '=', where.kind)
  if (where.project) query = query.where('project', '=', where.project)
  const direction = where.newestFirst ? 'desc' : 'asc'
  const rows = await query
    .orderBy('created_at', direction)
    .orderBy('id', direction)
    .limit(where.limit ?? 1000)
    .execute()
  return rows.map(fromRow)
}

export async function updateJob(
  tx: Tx,
  id: string,
  change: {
    state?: JobState
    attempt?: number
    output?: unknown
    error?: JobError
    progress?: JobProgress
    startedAt?: number
    finishedAt?: number
  },
): Promise<void> {
  await tables<JobTables>(tx)
    .updateTable('platform_jobs')
    .set({
      ...(change.state !== undefined && { state: change.state }),
      ...(change.attempt !== undefined && { attempt: change.attempt }),
      ...(change.output !== undefined && { output: encodeJson(change.output) }),
      ...(change.error !== undefined && { error: encodeJson(change.error) }),
      ...(change.progress !== undefined && { progress: encodeJson(change.progress) }),
      ...(change.startedAt !== undefined && { started_at: change.startedAt }),
      ...(change.finishedAt !== undefined && { finished_at: change.finishedAt }),
    })
    .where('id', '=', id)
    .execute()
}

export async function saveStep(tx: Tx, job: string, position: number, step: JobStep): Promise<void> {
  const values = {
    state: step.state,
    output: step.output === undefined ? null : encodeJson(step.output),
    started_at: step.startedAt,
    finished_at: step.finishedAt ?? null,
  }
  await tables<JobTables>(tx)
    .insertInto('platform_job_steps')
    .values({ job, name: step.name, position, ...values })
    .onConflict((c) => c.columns(['job', 'name']).doUpdateSet(values))
    .execute()
}

export async function stepsOf(storage: Storage, job: string): Promise<JobStep[]> {
  const rows = await storage
    .reads<JobTables>()
    .selectFrom('platform_job_steps')
    .selectAll()
    .where('job', '=', job)
    .orderBy('position')
    .execute()
  return rows.map((row) => ({
    name: row.name,
    state: row.state,
    output: row.output === null ? undefined : decodeJson(row.output),
    startedAt: Number(row.started_at),
    finishedAt: row.finished_at === null ? undefined : Number(row.finished_at),
  }))
}

function fromRow(row: JobTables['platform_jobs']): Job {
  return {
    id: row.id,
    kind: row.kind,
    key: row.key ?? undefined,
    project: row.project ?? undefined,
    state: row.state,
    input: decodeJson(row.input),
    output: row.output === null ? undefined : decodeJson(row.output),
    error: row.error === null ? undefined : decodeJson<JobError>(row.error),
    attempt: row.attempt,
    progress: row.progress === null ? undefined : decodeJson<JobProgress>(row.progress),
    createdAt: Number(row.created_at),
    startedAt: row.started_at === null ? undefined : Number(row.started_at),
    finishedAt: row.finished_at === null ? undefined : Number(row.finished_at),
  }
}
