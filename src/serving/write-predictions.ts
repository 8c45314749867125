import type { Storage, Tx } from '#platform/storage'
import { createLogWriter, joinWaitingLabels, type NewPrediction, serializeLog } from './store.ts'

/** After a write is durable: which endpoint has how many new predictions and newly joined labels. */
export interface LogHint {
  readonly endpoint: string
  readonly predictions: number
  readonly labelled: number
}

export interface Written {
  /** Ids that were there already; they keep their first record. */
  readonly known: readonly string[]
  readonly hints: readonly LogHint[]
}

/** Why a label is none for an endpoint, or `undefined`. */
export type RefuseLabel = (endpoint: string, label: string) => string | undefined

/** Writes predictions into the table, with the totals of their endpoints and the labels that waited for them. */
export function createPredictionWriter(storage: Storage) {
  const writer = createLogWriter()

  return async (tx: Tx, predictions: readonly NewPrediction[], refuseLabel: RefuseLabel): Promise<Written> => {
    await serializeLog(storage, tx)
    const known = await writer.insertPredictions(tx, predictions)
    const theirs = new Set(known)
    const mine = known.length === 0 ? predictions : predictions.filter(({ id }) => !theirs.has(id))
    const endpoints = new Map<string, { project: string; predictions: number; watermark: number }>()
    for (const { endpoint, project, eventTime } of mine) {
      const totals = endpoints.get(endpoint)
      if (totals) {
        totals.predictions++
        totals.watermark = Math.max(totals.watermark, eventTime)
      } else endpoints.set(endpoint, { project, predictions: 1, watermark: eventTime })
    }
    const joined = (await writer.labelsWait(tx)) ? await joinLabels(tx, mine, refuseLabel) : undefined
    const hints: LogHint[] = []
    for (const [endpoint, totals] of endpoints) {
      const labelled = joined?.get(endpoint) ?? 0
      await writer.addTotals(tx, { endpoint, ...totals, labelled })
      hints.push({ endpoint, predictions: totals.predictions, labelled })
    }
    return { known, hints }
  }
}

function joinLabels(tx: Tx, predictions: readonly NewPrediction[], refuseLabel: RefuseLabel) {
  const endpointById = new Map(predictions.map(({ id, endpoint }) => [id, endpoint]))
  return joinWaitingLabels(tx, [...endpointById.keys()], (id, label) => {
    const endpoint = endpointById.get(id)
    return endpoint !== undefined && refuseLabel(endpoint, label) === undefined ? endpoint : undefined
  })
}
