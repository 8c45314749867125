import { sql } from 'kysely'
import type { Storage } from '#platform/storage'
import { type ExperimentLine, MOST_COUNTED } from '../contract.ts'
import { experimentFrom } from './experiments.ts'
import { reading, type TrackingTables } from './tables.ts'

export interface ExperimentLineFilter {
  id?: string | undefined
  /** `none` for those that belong to no project. */
  project?: string | undefined
  /** Occurs in the name. */
  text?: string | undefined
  bin?: 'with' | 'only' | undefined
  limit: number
  offset: number
}

type Row = TrackingTables['tracking_experiments'] & { runs: number; last_run_at: number | null }

/** The one with the newest run first. Both facts of runs come from their index: an experiment may have millions. */
export async function experimentLines(storage: Storage, filter: ExperimentLineFilter): Promise<ExperimentLine[]> {
  const conditions = [sql`1 = 1`]
  if (filter.id !== undefined) conditions.push(sql`e.id = ${filter.id}`)
  if (filter.project === 'none') conditions.push(sql`e.project is null`)
  else if (filter.project) conditions.push(sql`e.project = ${filter.project}`)
  if (filter.text) conditions.push(sql`lower(e.name) like ${patternOf(filter.text)} escape '!'`)
  if (filter.bin === undefined) conditions.push(sql`e.deleted_at is null`)
  if (filter.bin === 'only') conditions.push(sql`e.deleted_at is not null`)
  const order = sql`coalesce(last_run_at, created_at) desc, id desc`
  const { rows } = await sql<Row>`
    select page.*, (
      select count(*) from (
        select 1 from tracking_runs as run
        where run.experiment = page.id and (run.deleted_at is null or page.deleted_at is not null)
        limit ${MOST_COUNTED + 1}
      ) as counted
    ) as runs
    from (
      select * from (
        select e.*, (
          select run.started_at from tracking_runs as run where run.experiment = e.id
          order by run.started_at desc limit 1
        ) as last_run_at
        from tracking_experiments as e
        where ${sql.join(conditions, sql` and `)}
      ) as found
      order by ${order} limit ${filter.limit} offset ${filter.offset}
    ) as page
    order by ${order}`.execute(reading(storage))
  if (rows.length === 0) return []
  const tags = await reading(storage)
    .selectFrom('tracking_experiment_tags')
    .selectAll()
    .where(
      'experiment',
      'in',
      rows.map(({ id }) => id),
    )
    .orderBy('key')
    .execute()
  const tagsOf = Map.groupBy(tags, (tag) => tag.experiment)
  return rows.map((row) => ({
    ...experimentFrom(row, tagsOf.get(row.id) ?? []),
    runs: Number(row.runs),
    lastRunAt: row.last_run_at === null ? null : Number(row.last_run_at),
  }))
}

const patternOf = (text: string) => `%${text.toLowerCase().replace(/[!%_]/g, '!$&')}%`
