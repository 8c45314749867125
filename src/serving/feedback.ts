import type { Storage } from '#platform/storage'
import type { Clock } from '#platform/time'
import { LabelTimeInvalid } from './errors.ts'
import { parseTimestamp } from './event-time.ts'
import type { PredictionLog } from './log.ts'
import { addLabelTotals, type NewLabel, serializeLog, writeLabels } from './store.ts'
import type { LogHint, RefuseLabel } from './write-predictions.ts'

export interface Label {
  readonly id: string
  readonly label: string
  /** When it became true, ISO 8601. */
  readonly time?: string | undefined
}

export interface FeedbackReply {
  /** Predictions that have a label now and had none. */
  readonly joined: number
  /** Labels that were told before, just so. */
  readonly repeated: number
  /** Labels that replaced another. */
  readonly corrected: number
  /** Ids that no prediction has, the first 100; their labels wait for one. */
  readonly unknown: string[]
  /** Labels that are none for their endpoint, the first 100; they were not kept. */
  readonly refused: { id: string; reason: string }[]
}

/** Labels of one transaction, so that answers being logged meanwhile do not wait for a bulk of 100,000. */
const LABELS_PER_WRITE = 1_000
const MOST_SHOWN = 100

/**
 * Writes ground truth. Durable when it resolves; sending the same again changes nothing, so a caller that got no
 * answer sends it all once more.
 *
 * @throws LabelTimeInvalid before anything is written
 */
export async function recordLabels({
  storage,
  clock,
  log,
  labels,
  refuseLabel,
  onLogged,
}: {
  storage: Storage
  clock: Clock
  log: PredictionLog
  labels: readonly Label[]
  refuseLabel: RefuseLabel
  onLogged: (hint: LogHint) => void
}): Promise<FeedbackReply> {
  // Twice in one request: the last word counts.
  const byId = new Map<string, NewLabel>()
  for (const { id, label, time } of labels) byId.set(id, { id, label, eventTime: timeOf(id, time) })
  const unique = [...byId.values()]
  if (unique.some(({ id }) => log.waits(id))) await log.settle()

  let joined = 0
  let repeated = labels.length - unique.length
  let corrected = 0
  const unknown: string[] = []
  const refused: { id: string; reason: string }[] = []
  for (let from = 0; from < unique.length; from += LABELS_PER_WRITE) {
    const some = unique.slice(from, from + LABELS_PER_WRITE)
    const written = await storage.write(async (tx) => {
      await serializeLog(storage, tx)
      const result = await writeLabels(tx, some, clock.now(), refuseLabel)
      await addLabelTotals(tx, result.byEndpoint)
      return result
    })
    joined += written.joined
    repeated += written.repeated
    corrected += written.corrected
    // A prediction that was answered while its record waits to be written is known; its label is joined with it.
    unknown.push(...written.unknown.filter((id) => !log.waits(id)))
    refused.push(...written.refused)
    for (const [endpoint, totals] of written.byEndpoint)
      if (totals.joined + totals.corrected > 0) onLogged({ endpoint, predictions: 0, labelled: totals.joined })
  }
  return { joined, repeated, corrected, unknown: unknown.slice(0, MOST_SHOWN), refused: refused.slice(0, MOST_SHOWN) }
}

function timeOf(id: string, time: string | undefined): number | null {
  if (time === undefined) return null
  const millis = parseTimestamp(time)
  if (millis === undefined) throw new LabelTimeInvalid(id, time)
  return millis
}
