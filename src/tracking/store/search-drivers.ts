import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { StorageCapabilities } from '#platform/storage'
import { type Condition, holds, type Subject, TABLES, valueColumn, valueHolds } from './conditions.ts'
import type { Search } from './search-plan.ts'
import { reading } from './tables.ts'

/** A condition whose runs an index finds. */
export interface Driver {
  readonly condition: Condition
  /** Their ids, in a column `run`. */
  readonly runs: RawBuilder<unknown>
  /** How many they are; without end where they are more than were counted. */
  readonly size: number
}

/** The conditions that an index answers, the rarest first, each counted up to `most`. */
export async function driversOf(search: Search, most: number): Promise<Driver[]> {
  const { storage, conditions } = search
  const indexed = conditions.flatMap((condition) => {
    const runs = runsOf(search, condition)
    return runs ? [{ condition, runs }] : []
  })
  if (indexed.length === 0) return []
  const counts = indexed.map(
    ({ runs }, i) =>
      sql`(select count(*) from (${runs} limit ${most + 1}) as ${sql.ref(`few${i}`)}) as ${sql.ref(`size${i}`)}`,
  )
  const { rows } = await sql<Record<string, number>>`select ${sql.join(counts)}`.execute(reading(storage))
  const sizes = indexed.map((_, i) => Number(rows[0]![`size${i}`]))
  return indexed
    .map((driver, i) => ({ ...driver, size: sizes[i]! <= most ? sizes[i]! : Number.POSITIVE_INFINITY }))
    .sort((a, b) => a.size - b.size)
}

function runsOf({ storage, experiments }: Search, condition: Condition): RawBuilder<unknown> | undefined {
  const { capabilities } = storage
  if (condition.on === 'metric') {
    if (!isRange(condition) || !experiments) return undefined
    return sql`select ranged.run from tracking_latest_metrics as ranged
      where ranged.experiment in (${sql.join(experiments)}) and ranged.key = ${condition.key}
        and ${valueHolds(capabilities, condition, 'ranged')}`
  }
  if (condition.on === 'attribute' || condition.is !== '=') return undefined
  return sql`select same.run from ${sql.table(TABLES[condition.on])} as same
    where same.key = ${condition.key} and ${isSameValue(String(condition.value))}`
}

/** The index holds the start of each value; only of a longer one the rest is to be compared, in the table. */
const INDEXED_LENGTH = 64

function isSameValue(value: string): RawBuilder<SqlBool> {
  const start = [...value].slice(0, INDEXED_LENGTH).join('')
  const starts = sql<SqlBool>`substr(same.value, 1, ${sql.lit(INDEXED_LENGTH)}) = ${start}`
  return [...value].length < INDEXED_LENGTH ? starts : sql`${starts} and same.value = ${value}`
}

/**
 * What is asked of each run that is looked at.
 *
 * @param looked about how many these are: a condition that holds for few runs is asked by a set of all of them
 */
export function asked(
  { capabilities }: { capabilities: StorageCapabilities },
  conditions: readonly Condition[],
  drivers: readonly Driver[],
  id: RawBuilder<unknown>,
  looked: number,
): RawBuilder<SqlBool>[] {
  return conditions.map((condition) => {
    const driver = drivers.find((one) => one.condition === condition)
    return driver && driver.size <= SET_GAIN * looked
      ? sql<SqlBool>`${id} in (${driver.runs})`
      : holds(capabilities, condition, id)
  })
}

/** A run put into a set costs about a quarter of looking one up by its id and a key. */
const SET_GAIN = 4

const RANGES: readonly string[] = ['=', '<', '<=', '>', '>=']

/** Whether the index by last values finds what meets it. */
export const isRange = (condition: Condition) => RANGES.includes(condition.is) && isLastValue(condition)

export const isLastValue = (subject: Subject) => subject.on === 'metric' && valueColumn(subject) === 'value'
