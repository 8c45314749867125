/** Periods of event time: cut at multiples of their length since 1970, so that days are UTC days on every machine. */

/** The end of the period that holds `time`: the first cut after it. */
export function endOfPeriod(time: number, every: number): number {
  return startOfPeriod(time, every) + every
}

/** The last cut at or before `time`. */
export function startOfPeriod(time: number, every: number): number {
  return Math.floor(time / every) * every
}

/**
 * The end of the period that is open once `time` was seen and everything before `through` is closed. A row that comes
 * late belongs to the period that is open when it comes.
 */
export function openEnd(time: number, through: number | undefined, every: number): number {
  return endOfPeriod(through === undefined ? time : Math.max(time, through), every)
}

const DAY = 86_400_000
const LARGEST_JUMP = 31 * DAY

/**
 * Whether an event time cannot be meant: a day after the row arrived, and a month after everything before it. One such
 * row would close all periods up to it and leave every true one behind. Replays of a past or invented time pass.
 */
export function isAstray(eventTime: number, receivedAt: number, reached: number | undefined): boolean {
  return reached !== undefined && eventTime > receivedAt + DAY && eventTime > reached + LARGEST_JUMP
}
