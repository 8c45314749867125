import { type RealisedLoss, rowLosses } from '#evaluation'
import { answeredBy, type LabelledRows } from './labelled-rows.ts'
import type { VersionFacts } from './versions.ts'

/** The champion's own answers to the newly labelled rows, against its promise; undefined while there are none. */
export function realisedLoss(labelled: LabelledRows, champion: VersionFacts): RealisedLoss | undefined {
  const own = answeredBy(labelled, champion.version, champion.signature)
  if (own.rows.length === 0) return undefined
  const losses = rowLosses(champion.signature.task, own.truth, own.served)
  return { realised: losses.reduce((sum, loss) => sum + loss, 0) / losses.length, promised: champion.promisedLoss }
}
