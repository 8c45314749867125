import { rowLosses } from '#evaluation'
import { answeredBy, type LabelledRows } from './labelled-rows.ts'
import type { VersionFacts } from './versions.ts'

/** Mean losses per row: of the labels that newly came in, and what the champion promised when it was released. */
export interface RealisedLoss {
  readonly realised: number
  readonly promised: number
}

/** The champion's own answers among the newly labelled rows, against its promise; undefined while there are none. */
export function realisedLoss(labelled: LabelledRows, champion: VersionFacts): RealisedLoss | undefined {
  const own = answeredBy(labelled, champion.version, champion.signature)
  if (own.rows.length === 0) return undefined
  const losses = rowLosses(champion.signature.task, own.truth, own.served)
  return { realised: losses.reduce((sum, loss) => sum + loss, 0) / losses.length, promised: champion.promisedLoss }
}

/**
 * Page's cumulative sum (Page 1954, "Continuous inspection schemes", Biometrika 41) of the excess of realised over
 * promised loss, as a ratio: S = max(0, S + realised / promised - 1 - slack). It adds up what a single period's noise
 * hides, and forgets what is made good again.
 */
export function addToStatistic(statistic: number, loss: RealisedLoss, slack: number): number {
  if (!(loss.promised > 0)) return statistic
  return Math.max(0, statistic + loss.realised / loss.promised - 1 - slack)
}
