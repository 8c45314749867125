import { exponentialWeights, rowLosses } from '#evaluation'
import { type LabelledRows, scoredBy } from './labelled-rows.ts'
import type { VersionFacts } from './versions.ts'

/** How evenly versions are weighted when the project does not say: a loss 10 % above the best one's counts 1/e. */
const TEMPERATURE = 0.1

/** Parts of the answer by version, summing to 1, from what each alone said about the labelled rows. */
export function weightsOf(
  labelled: LabelledRows,
  versions: readonly VersionFacts[],
  temperature = TEMPERATURE,
): Record<string, number> {
  const losses = versions.map((version) => lossOf(labelled, version))
  const weights = exponentialWeights(losses, temperature)
  return Object.fromEntries(versions.map(({ version }, i) => [version, weights[i]!]))
}

/**
 * A version's mean loss per row. For rows that it has not scored it is taken at what it promised: so a new version comes
 * in at its promise and is weighed by its answers to the extent that there are any, on as many rows as the others.
 */
export function lossOf(labelled: LabelledRows, { version, signature, promisedLoss }: VersionFacts): number {
  const rows = labelled.rows.length
  if (rows === 0) return promisedLoss
  const { truth, scores } = scoredBy(labelled, version, signature)
  const losses = rowLosses(signature.task, truth, scores)
  const unscored = rows - losses.length
  return (losses.reduce((sum, loss) => sum + loss, 0) + unscored * promisedLoss) / rows
}
