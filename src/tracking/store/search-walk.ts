import { type RawBuilder, sql } from 'kysely'
import { type Condition, valueHolds } from './conditions.ts'
import { asked, type Driver, isLastValue, isRange } from './search-drivers.ts'
import { NEWEST_FIRST, type RunRow, type Search } from './search-plan.ts'
import { reading } from './tables.ts'

export interface Walk {
  /**
   * The page, found by looking at the runs in order until it is full.
   *
   * @param most how many are looked at in each experiment; all of them when absent
   * @param drivers counts of conditions, as far as they are known
   * @returns `undefined` where the page was not full by then and could hold more
   */
  page(drivers: readonly Driver[], most: number | undefined): Promise<RunRow[] | undefined>
}

/** Each experiment has its own order in an index: a page over more of them would read a page of each. */
const MOST_EXPERIMENTS = 20

/** An order that an index keeps: of the last values of one metric, or of the times of the start. */
export function walkOf(search: Search): Walk | undefined {
  const { experiments, orderBy } = search
  if (!experiments || experiments.length > MOST_EXPERIMENTS || orderBy.length > 1) return undefined
  const [order] = orderBy
  if (!order || (order.on === 'attribute' && order.key === 'startedAt'))
    return byStart(search, order?.direction ?? 'desc')
  return isLastValue(order) ? byMetric(search, order.key, order.direction) : undefined
}

/** About so many runs are looked at for one that is found: more would be another plan's. */
const SOON = 5

type Direction = 'asc' | 'desc'

function byStart(search: Search, direction: Direction): Walk {
  const column = sql.ref('run.started_at')
  return walk(search, {
    ...{ column, direction, id: sql.ref('run.id'), conditions: search.conditions },
    rows: (experiment) => sql`tracking_runs as run where run.experiment = ${experiment}`,
    keys: (experiment) => sql`tracking_runs as run where run.experiment = ${experiment}`,
    isWhole: true,
  })
}

function byMetric(search: Search, key: string, direction: Direction): Walk {
  const ofKey = search.conditions.filter((one) => one.on === 'metric' && one.key === key && isRange(one))
  const own = ofKey.map((condition) => valueHolds(search.storage.capabilities, condition, 'point'))
  const points = (experiment: string) => sql`
    point.experiment = ${experiment} and point.key = ${key} and point.is_nan = 0
    ${sql.join(
      own.map((holds) => sql`and ${holds}`),
      sql` `,
    )}`
  return walk(search, {
    ...{ column: sql.ref('point.value'), direction, id: sql.ref('point.run') },
    conditions: search.conditions.filter((condition) => !ofKey.includes(condition)),
    // A cross join is walked in the order written: the index of values first, each run by its id.
    rows: (experiment) =>
      sql`tracking_latest_metrics as point cross join tracking_runs as run
        where run.id = point.run and ${points(experiment)}`,
    keys: (experiment) => sql`tracking_latest_metrics as point where ${points(experiment)}`,
    // Runs whose value is NaN, or that have none, come after all of these unless the filter leaves them out.
    isWhole: own.length > 0,
  })
}

interface Ordered {
  readonly column: RawBuilder<unknown>
  readonly direction: Direction
  /** The id of a run that is looked at. */
  readonly id: RawBuilder<unknown>
  /** What is still to be asked of each. */
  readonly conditions: readonly Condition[]
  /** Runs of an experiment, as `run`, in an order that an index keeps. */
  rows(experiment: string): RawBuilder<unknown>
  /** The same as far as the order is concerned. */
  keys(experiment: string): RawBuilder<unknown>
  /** Whether every run that meets the filter is among them. */
  readonly isWhole: boolean
}

function walk(search: Search, { column, direction, id, conditions, rows, keys, isWhole }: Ordered): Walk {
  const { storage, limit, offset } = search
  const experiments = search.experiments!
  const down = sql.raw(direction)

  /** Where an order is cut after `most` runs; `undefined` when there are no more than that. */
  async function markAfter(experiment: string, most: number): Promise<number | undefined> {
    const found = await sql<{ mark: number }>`
      select ${column} as mark from ${keys(experiment)} order by ${column} ${down} limit 1 offset ${most}
    `.execute(reading(storage))
    return found.rows[0]?.mark
  }

  return {
    page: async (drivers, most) => {
      const marks: number[] = []
      const parts: RawBuilder<unknown>[] = []
      for (const experiment of experiments) {
        const holds = [...asked(storage, conditions, drivers, id, SOON * (limit + offset)), ...search.own]
        const mark = most === undefined ? undefined : await markAfter(experiment, most)
        if (mark !== undefined) {
          marks.push(mark)
          // Up to the mark and its equals: which of those come first is not the index's to say.
          holds.push(direction === 'asc' ? sql`${column} <= ${mark}` : sql`${column} >= ${mark}`)
        }
        parts.push(sql`select * from (
          select run.*, ${column} as walked_by from ${rows(experiment)}
            ${sql.join(
              holds.map((one) => sql`and ${one}`),
              sql` `,
            )}
          order by ${column} ${down}, ${NEWEST_FIRST} limit ${limit + offset}
        ) as ${sql.ref(`part${parts.length}`)}`)
      }
      const found = await sql<RunRow & { walked_by: number }>`
        select * from (${sql.join(parts, sql` union all `)}) as run
        order by walked_by ${down}, ${NEWEST_FIRST} limit ${limit} offset ${offset}
      `.execute(reading(storage))
      const last = found.rows.at(-1)?.walked_by
      // Beyond a mark, an experiment may have runs that come before those of another one.
      const isBeyond = (mark: number) => (direction === 'asc' ? last! > mark : last! < mark)
      const isFull = found.rows.length === limit && limit > 0 && !marks.some(isBeyond)
      return isFull || (isWhole && marks.length === 0) ? found.rows : undefined
    },
  }
}
