import { categoryChanges } from './categorical-changes.ts'
import { type Chance, sharesDiffer } from './chance.ts'
import type { Change, FeatureHistogram } from './contract.ts'
import { binLabels, percent } from './groups.ts'
import { presentRows } from './histogram.ts'
import { lifeChange, valueChanges } from './numeric-changes.ts'

/**
 * What happened to a column, in words: every change that is both large enough to matter and too large for chance, most
 * telling first.
 */
export function changesBetween(reference: FeatureHistogram, current: FeatureHistogram, chance: Chance): Change[] {
  if (reference.n === 0 || current.n === 0) return []
  const missing = missingChange(reference, current, chance)
  if (reference.kind === 'numeric' && current.kind === 'numeric') {
    return [...lifeChange(reference, current, chance), ...missing, ...valueChanges(reference, current, chance)]
  }
  if (reference.kind === 'categorical' && current.kind === 'categorical') {
    return [...missing, ...categoryChanges(reference, current, chance)]
  }
  return missing
}

function missingChange(reference: FeatureHistogram, current: FeatureHistogram, chance: Chance): Change[] {
  const missing = (h: FeatureHistogram) => h.n - presentRows(h)
  const from = missing(reference) / reference.n
  const to = missing(current) / current.n
  if (!sharesDiffer(missing(reference), reference.n, missing(current), current.n, chance)) return []
  const kind = to > from ? 'more_missing' : 'fewer_missing'
  return [{ kind, from, to, text: `missing ${percent(from)} → ${percent(to)}` }]
}

/** What is left to say of a column that differs in no way that has a name: the bin whose share moved most. */
export function reshaped(reference: FeatureHistogram, current: FeatureHistogram): Change {
  const shares = (h: FeatureHistogram) => h.counts.map((count) => count / h.n)
  const [before, now] = [shares(reference), shares(current)]
  const moves = before.map((share, bin) => Math.abs(now[bin]! - share))
  const bin = moves.indexOf(Math.max(...moves))
  const [from, to] = [before[bin]!, now[bin]!]
  return { kind: 'reshaped', from, to, text: `${binLabels(reference)[bin]}: ${percent(from)} → ${percent(to)}` }
}
