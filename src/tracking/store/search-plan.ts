import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Storage } from '#platform/storage'
import type { Condition, Order } from './conditions.ts'
import type { TrackingTables } from './tables.ts'

export type RunRow = TrackingTables['tracking_runs']

/** A search as all its plans need it. */
export interface Search {
  readonly storage: Storage
  /** Ids; `undefined` is all of them. */
  readonly experiments: readonly string[] | undefined
  /** What every run found meets, apart from being in these experiments: of the run itself, and of what was logged. */
  readonly own: readonly RawBuilder<SqlBool>[]
  readonly conditions: readonly Condition[]
  readonly orderBy: readonly Order[]
  readonly limit: number
  readonly offset: number
}

/** Where runs are equal in what was asked for, and where nothing was. */
export const NEWEST_FIRST = sql`run.started_at desc, run.id desc`
