/**
 * Weights from mean losses, summing to 1: exp(−(loss / best − 1) / temperature), the exponentially weighted forecaster over
 * losses relative to the best (Cesa-Bianchi & Lugosi, "Prediction, Learning, and Games", 2006, chapter 2). Relative losses
 * have no unit, so one temperature fits log loss and absolute error alike.
 *
 * @throws RangeError for a loss that is not a finite number ≥ 0, or a temperature that is not above 0
 */
export function exponentialWeights(losses: readonly number[], temperature: number): number[] {
  if (!(temperature > 0)) throw new RangeError(`a temperature of ${temperature}`)
  const wrong = losses.find((loss) => !(loss >= 0 && loss < Number.POSITIVE_INFINITY))
  if (wrong !== undefined) throw new RangeError(`a loss of ${wrong}`)
  const best = Math.min(...losses)
  // Against a candidate without any loss nothing else counts.
  const raw = losses.map((loss) => (best > 0 ? Math.exp(-(loss / best - 1) / temperature) : loss === 0 ? 1 : 0))
  const total = raw.reduce((sum, weight) => sum + weight, 0)
  return raw.map((weight) => weight / total)
}
