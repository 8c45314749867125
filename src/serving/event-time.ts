import type { PredictionRecord } from '#runtime'
import { RecordInvalid } from '#runtime'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const TIME_OF_DAY = /^(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?$/

/**
 * When a record happened, in milliseconds since 1970: the first column is a date or timestamp, every further one adds
 * hours (a number) or a time of day (`09:30`). Without a zone a time is UTC, so that the same record falls into the
 * same day on every machine. Without columns it is the time of arrival.
 *
 * @throws RecordInvalid when a column is absent or is no time
 */
export function eventTimeOf(
  record: PredictionRecord,
  columns: readonly string[],
  arrival: number,
  index: number,
): number {
  if (columns.length === 0) return arrival
  let time = 0
  for (let c = 0; c < columns.length; c++) {
    const column = columns[c]!
    const value = record[column]
    const part = c === 0 ? timestamp(value) : sinceMidnight(value)
    if (part === undefined) throw notATime(index, column, value, c === 0)
    time += part
  }
  return time
}

/** Milliseconds since 1970 of an ISO 8601 date or timestamp; `undefined` when the text is none. */
export function parseTimestamp(text: string): number | undefined {
  const trimmed = text.trim()
  if (!/^\d{4}-\d{2}-\d{2}/.test(trimmed)) return undefined
  const withTime = trimmed.length === 10 ? `${trimmed}T00:00:00` : trimmed.replace(' ', 'T')
  const millis = Date.parse(/(?:[zZ]|[+-]\d{2}:?\d{2})$/.test(withTime) ? withTime : `${withTime}Z`)
  return Number.isNaN(millis) ? undefined : millis
}

function timestamp(value: PredictionRecord[string] | undefined): number | undefined {
  if (typeof value === 'string') return parseTimestamp(value)
  // Milliseconds since 1970, the form every JSON client has at hand.
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

function sinceMidnight(value: PredictionRecord[string] | undefined): number | undefined {
  let millis: number | undefined
  if (typeof value === 'number') millis = value * HOUR
  else if (typeof value === 'string') {
    const clock = TIME_OF_DAY.exec(value.trim())
    if (clock) millis = Number(clock[1]) * HOUR + Number(clock[2]) * 60_000 + Number(clock[3] ?? 0) * 1_000
    else if (/^\d+(\.\d+)?$/.test(value.trim())) millis = Number(value) * HOUR
  }
  return millis !== undefined && millis >= 0 && millis <= DAY ? millis : undefined
}

function notATime(record: number, field: string, value: unknown, first: boolean): RecordInvalid {
  return new RecordInvalid({
    record,
    field,
    message:
      value === undefined || value === null
        ? 'the time of the record is missing'
        : `${JSON.stringify(value).slice(0, 100)} is no ${first ? 'date or timestamp' : 'hour or time of day'}`,
    hint: first
      ? 'Write it as 2025-03-01T09:30:00Z, 2025-03-01 or milliseconds since 1970.'
      : 'Write it as hours since midnight (9.5) or as 09:30.',
  })
}
