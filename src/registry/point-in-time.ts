import { z } from 'zod'

const DAY = 86_400_000

/** From `from` up to and including `to`, ms. */
export interface TimeRange {
  from: number
  to: number
}

const ISO = /^(?<day>\d{4}-\d{2}-\d{2})(?<time>[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)?(?<zone>Z|[+-]\d{2}:\d{2})?$/i

/**
 * What people mean by "on 3 March" or "at 14:05": a day as a whole, or an instant. Without a zone it is UTC.
 *
 * @returns undefined where it is no time
 */
export function timeRangeOf(text: string): TimeRange | undefined {
  if (/^\d{10,16}$/.test(text)) return { from: Number(text), to: Number(text) }
  const { day, time, zone } = ISO.exec(text)?.groups ?? {}
  if (!day || (zone && !time)) return undefined
  const from = Date.parse(`${day}${time ? time.replace(' ', 'T') : 'T00:00'}${zone ?? 'Z'}`)
  // JavaScript takes 31 February for 3 March.
  if (Number.isNaN(from) || (!zone && new Date(from).toISOString().slice(0, 10) !== day)) return undefined
  return { from, to: time ? from : from + DAY - 1 }
}

export const PointInTime = z
  .string()
  .describe('A day (2026-03-03), an instant (2026-03-03T14:05Z) or milliseconds; without a zone it is UTC.')
  .refine((text) => timeRangeOf(text) !== undefined, 'is no day and no time, such as 2026-03-03 or 2026-03-03T14:05Z')
