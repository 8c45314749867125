import type { ViewDefinition } from './definition.ts'
import { entityKey, type KeyCell } from './entity-key.ts'
import { RowNotAccepted } from './errors.ts'
import { readMoment } from './moment.ts'
import type { OnlineRow } from './online-store.ts'

type Cell = number | string | boolean | null

/** Clocks differ; a row that is dated further ahead would stand in the way of every true one until then. */
const AHEAD_MS = 5 * 60_000

/** A row that a client pushed, as it is kept. @throws RowNotAccepted */
export function pushedRow(
  view: ViewDefinition,
  row: Readonly<Record<string, Cell | undefined>>,
  index: number,
  now: number,
): OnlineRow {
  const refuse = (why: string, hint: string) => new RowNotAccepted(view.name, index, why, hint)
  const cellOf = (column: string): Cell => {
    const cell = Object.hasOwn(row, column) ? row[column] : undefined
    if (cell === undefined)
      throw refuse(
        `"${column}" is missing`,
        'Send every column of the view; null is no value. One that older senders lack is `optional: true`.',
      )
    return cell
  }
  const timeOf = (column: string, cell: Cell): number => {
    const ms =
      typeof cell === 'number' ? cell : typeof cell === 'string' ? (readMoment(cell) ?? Number.NaN) : Number.NaN
    if (!Number.isFinite(ms)) throw refuse(`"${column}" is no time`, 'Write 2025-03-01T09:30:00Z or ms since 1970.')
    if (ms > now + AHEAD_MS) throw refuse(`"${column}" is in the future`, 'Check the clock that dated it.')
    return Math.round(ms * 1_000)
  }
  const keys = view.entities.map((key): KeyCell => {
    const cell = cellOf(key)
    if (cell === null) throw refuse(`"${key}" is null`, 'Every key needs a value.')
    return cell
  })
  const cells = view.columns.map(({ name, type, optional }) => {
    const cell = optional && !Object.hasOwn(row, name) ? null : cellOf(name)
    if (cell === null) return null
    if (type === 'text') return String(cell)
    if (typeof cell === 'number') return cell
    throw refuse(`"${name}" is no number`, 'Send it as a number, without quotes.')
  })
  const written = view.created === null ? null : cellOf(view.created)
  return {
    entity: entityKey(keys),
    eventTime: timeOf(view.time, cellOf(view.time)),
    created: written === null ? null : timeOf(view.created!, written),
    cells,
  }
}
