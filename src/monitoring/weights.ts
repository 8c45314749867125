import { rowLosses } from '#evaluation'
import { type LabelledRows, scoredBy } from './labelled-rows.ts'
import type { VersionFacts } from './versions.ts'

/** A version's mean loss per row over the weighing window; undefined while no label is in for it. */
export interface VersionLoss {
  readonly version: number
  readonly loss: number | undefined
  readonly rows: number
}

export function lossesOf(labelled: LabelledRows, versions: readonly VersionFacts[]): VersionLoss[] {
  return versions.map(({ version, signature }) => {
    const { truth, scores } = scoredBy(labelled, version, signature)
    if (truth.length === 0) return { version, loss: undefined, rows: 0 }
    const losses = rowLosses(signature.task, truth, scores)
    return { version, loss: losses.reduce((sum, one) => sum + one, 0) / losses.length, rows: losses.length }
  })
}

/** How evenly versions are weighted when the project does not say: a loss 10 % above the best one counts a third. */
const TEMPERATURE = 0.1

/**
 * Parts of the answer by version, summing to 1: exp(-(loss / best - 1) / temperature), the exponentially weighted
 * forecaster over losses relative to the best (Cesa-Bianchi & Lugosi 2006, chapter 2). A version without labels yet
 * counts as the mean of the others.
 */
export function weightsOf(losses: readonly VersionLoss[], temperature = TEMPERATURE): Record<string, number> {
  const known = losses.flatMap(({ loss }) => loss ?? [])
  const best = Math.min(...known)
  const raw = losses.map(({ loss }) =>
    loss === undefined || !(best > 0) ? undefined : Math.exp(-(loss / best - 1) / temperature),
  )
  const told = raw.flatMap((weight) => weight ?? [])
  const prior = told.length > 0 ? told.reduce((sum, weight) => sum + weight, 0) / told.length : 1
  const total = raw.reduce<number>((sum, weight) => sum + (weight ?? prior), 0)
  return Object.fromEntries(losses.map(({ version }, i) => [version, (raw[i] ?? prior) / total]))
}
