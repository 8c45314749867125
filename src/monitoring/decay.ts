import { CUSUM_START, type CusumSettings, type CusumState, decay, type RealisedLoss, rowLosses } from '#evaluation'
import { answeredBy, type LabelledRows } from './labelled-rows.ts'
import type { VersionFacts } from './versions.ts'

/** Page's cumulative sum, with what speaks for it: the row losses since it was last 0. */
export interface DecayState extends CusumState {
  readonly rows: number
  readonly sum: number
  readonly squares: number
}

export const NO_DECAY: DecayState = { ...CUSUM_START, rows: 0, sum: 0, squares: 0 }

/** The champion's own losses on the newly labelled rows. */
export function ownLosses(labelled: LabelledRows, champion: VersionFacts): Float64Array {
  const own = answeredBy(labelled, champion.version, champion.signature)
  return rowLosses(champion.signature.task, own.truth, own.served)
}

/** The mean of the losses against what was promised; undefined while there are none. */
export function realisedLoss(losses: Float64Array, promised: number): RealisedLoss | undefined {
  if (losses.length === 0) return undefined
  return { realised: losses.reduce((sum, loss) => sum + loss, 0) / losses.length, promised }
}

/** The state after one more period. */
export function addPeriod(
  before: DecayState,
  losses: Float64Array,
  loss: RealisedLoss,
  settings: CusumSettings,
): DecayState {
  const { state } = decay(before, loss, settings)
  if (state === before) return before
  if (state.since === 0) return NO_DECAY
  const earlier = state.since > 1 ? before : NO_DECAY
  return {
    ...state,
    rows: earlier.rows + losses.length,
    sum: earlier.sum + losses.reduce((sum, one) => sum + one, 0),
    squares: earlier.squares + losses.reduce((sum, one) => sum + one * one, 0),
  }
}

const LEAST_STANDARD_ERRORS = 2

/**
 * Whether the sum is an alarm: above the threshold, and over more rows than chance explains, that is with a mean loss two
 * standard errors above what is overlooked. A threshold alone suits one number of labels a period: with 33 a day (row
 * losses that spread 1.4 times their mean, slack 0.1, threshold 0.5) it alarms 7 times a year with nothing wrong; with
 * this rule 0.8 times, and a lasting excess of 60 % is still heard within 3 days in the mean, one of 30 % within 9 (by
 * simulation). With 48 a day and threshold 1 it changes nothing.
 */
export function isDecayed(state: DecayState, promised: number, { slack, threshold }: CusumSettings): boolean {
  const { statistic, rows, sum, squares } = state
  if (!(statistic > threshold) || rows === 0) return false
  const mean = sum / rows
  const standardError = Math.sqrt(Math.max(0, squares / rows - mean * mean) / rows)
  return mean - promised * Math.exp(slack) > LEAST_STANDARD_ERRORS * standardError
}
