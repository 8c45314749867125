import type { CategoricalHistogram, Change, FeatureHistogram, NumericHistogram } from './contract.ts'
import { chiSquareP } from './distance.ts'
import { normalTail } from './distributions.ts'
import { shortNumber } from './groups.ts'
import { presentRows } from './histogram.ts'

/** What counts as chance: how rare it must be not to, and how many rows are worth one independent row. */
export interface Chance {
  readonly tail: number
  readonly designEffect: number
}

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

/** Whether a deviation of `z` standard errors, found on rows taken for independent, is too rare for chance. */
function isBeyondChance(z: number, { tail, designEffect }: Chance): boolean {
  return 2 * normalTail(Math.abs(z) / Math.sqrt(designEffect)) < tail
}

// A share that moved by less is not worth a word, however many rows prove it.
const LEAST_SHARE = 0.01
// Means that moved by less than a tenth of the reference's standard deviation, likewise.
const LEAST_SHIFT = 0.1
const LEAST_SPREAD_RATIO = 1.25

function missingChange(reference: FeatureHistogram, current: FeatureHistogram, chance: Chance): Change[] {
  const missing = (h: FeatureHistogram) => h.n - presentRows(h)
  const from = missing(reference) / reference.n
  const to = missing(current) / current.n
  if (!sharesDiffer(missing(reference), reference.n, missing(current), current.n, chance)) return []
  const kind = to > from ? 'more_missing' : 'fewer_missing'
  return [{ kind, from, to, text: `missing ${percent(from)} → ${percent(to)}` }]
}

/** Two-sample test of proportions with pooled variance, and a difference that matters. */
function sharesDiffer(x1: number, n1: number, x2: number, n2: number, chance: Chance): boolean {
  const apart = Math.abs(x2 / n2 - x1 / n1)
  const pooled = (x1 + x2) / (n1 + n2)
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
  return apart >= LEAST_SHARE && isBeyondChance(apart / error, chance)
}

/** A column that was always the same and no longer is, or the reverse. */
function lifeChange(reference: NumericHistogram, current: NumericHistogram, chance: Chance): Change[] {
  if (current.mean === null) return []
  const now = `mean ${shortNumber(current.mean)}`
  if (reference.mean === null) {
    return [{ kind: 'came_alive', from: null, to: current.mean, text: `came alive: was always missing, now ${now}` }]
  }
  if (isConstant(reference) && !isConstant(current)) {
    const text = `came alive: was always ${shortNumber(reference.mean)}, now ${now}`
    return [{ kind: 'came_alive', from: reference.mean, to: current.mean, text }]
  }
  if (!isConstant(reference) && isConstant(current) && !isLikelyRun(reference, current, chance)) {
    const text = `went constant: mean ${shortNumber(reference.mean)}, now always ${shortNumber(current.mean)}`
    return [{ kind: 'went_constant', from: reference.mean, to: current.mean, text }]
  }
  return []
}

/** All values equal, but for the rounding of 32-bit floats. */
function isConstant(h: NumericHistogram): boolean {
  return h.max! - h.min! <= Math.max(Math.abs(h.max!), Math.abs(h.min!)) * 2 ** -22
}

/** Whether so many equal values in a row may be chance: at most the share of their bin, to the power of their number. */
function isLikelyRun(reference: NumericHistogram, current: NumericHistogram, chance: Chance): boolean {
  const bin = current.counts.findIndex((count) => count > 0)
  const share = reference.counts[bin]! / presentRows(reference)
  return share ** (presentRows(current) / chance.designEffect) >= chance.tail
}

function valueChanges(reference: NumericHistogram, current: NumericHistogram, chance: Chance): Change[] {
  const changes: Change[] = []
  if (reference.mean === null || current.mean === null) return changes
  const [n1, n2] = [presentRows(reference), presentRows(current)]
  const shift = current.mean - reference.mean
  if (isConstant(reference)) {
    // Always one value, then always another: the mean says it, and there is no spread to compare with.
    if (isConstant(current) && current.below + current.above === n2) changes.push(moved(reference, current))
    return changes
  }
  // Moments of heavy-tailed columns move with single values; what the bins do not show is not told.
  const binsDiffer = chiSquareP(reference.counts, current.counts, chance.designEffect) < chance.tail
  const error = Math.sqrt(reference.std! ** 2 / n1 + current.std! ** 2 / n2)
  const isShift = error === 0 || isBeyondChance(shift / error, chance)
  if (binsDiffer && isShift && Math.abs(shift) >= LEAST_SHIFT * reference.std!) changes.push(moved(reference, current))
  if (isManyOutside(n1, Math.max(current.below, current.above), n2, chance)) {
    const range = `${shortNumber(reference.min!)} to ${shortNumber(reference.max!)}`
    const to = (current.below + current.above) / n2
    changes.push({ kind: 'outside', from: 0, to, text: `${percent(to)} outside the range seen before (${range})` })
  }
  if (binsDiffer && !isConstant(current) && spreadDiffers(reference, current, chance)) {
    const [from, to] = [reference.std!, current.std!]
    const text = `standard deviation ${shortNumber(from)} → ${shortNumber(to)}`
    changes.push({ kind: to > from ? 'wider' : 'narrower', from, to, text })
  }
  return changes
}

function moved(reference: NumericHistogram, current: NumericHistogram): Change {
  const [from, to] = [reference.mean!, current.mean!]
  return {
    kind: to > from ? 'moved_up' : 'moved_down',
    from,
    to,
    text: `mean ${shortNumber(from)} → ${shortNumber(to)}`,
  }
}

/**
 * Without drift, the chance that at least `beyond` of m new values lie beyond one given end of n old ones is about
 * (m / (n + m)) ^ beyond (the precedence test); there are two ends.
 */
function isManyOutside(n: number, beyond: number, m: number, { tail, designEffect }: Chance): boolean {
  return beyond / m >= LEAST_SHARE && 2 * (m / (n + m)) ** (beyond / designEffect) < tail
}

/** A sample's log standard deviation has variance (kurtosis - 1) / 4n; 9 is the kurtosis of an exponential. */
function spreadDiffers(reference: NumericHistogram, current: NumericHistogram, chance: Chance): boolean {
  const ratio = Math.abs(Math.log(current.std! / reference.std!))
  const error = Math.sqrt(2 / presentRows(reference) + 2 / presentRows(current))
  return ratio >= Math.log(LEAST_SPREAD_RATIO) && isBeyondChance(ratio / error, chance)
}

function categoryChanges(reference: CategoricalHistogram, current: CategoricalHistogram, chance: Chance): Change[] {
  const [n1, n2] = [presentRows(reference), presentRows(current)]
  if (n1 === 0 || n2 === 0) return []
  return [
    ...newCategories(reference, current, n2),
    ...lostCategories(reference, current, n1, n2, chance),
    ...largestShift(reference, current, n1, n2, chance),
  ]
}

function newCategories(reference: CategoricalHistogram, current: CategoricalHistogram, n: number): Change[] {
  // Where not all names were kept, a new one cannot be told from one that was rare.
  if (!reference.othersComplete) return []
  const fresh = Object.entries(current.others).filter(([name]) => !Object.hasOwn(reference.others, name))
  if (fresh.length === 0) return []
  const to = fresh.reduce((sum, [, count]) => sum + count, 0) / n
  const what = fresh.length === 1 ? `new category ${listed(fresh)}` : `${fresh.length} new categories ${listed(fresh)}`
  return [{ kind: 'new_category', from: 0, to, text: `${what} (${percent(to)})` }]
}

/** Up to three names in quotes. */
function listed(entries: readonly [string, number][]): string {
  const names = entries.slice(0, 3).map(([name]) => `"${name}"`)
  return names.join(', ') + (entries.length > 3 ? ', …' : '')
}

function lostCategories(
  reference: CategoricalHistogram,
  current: CategoricalHistogram,
  n1: number,
  n2: number,
  chance: Chance,
): Change[] {
  const lost = reference.categories.flatMap((name, i): [string, number][] => {
    const share = reference.counts[i]! / n1
    const byChance = (1 - share) ** (n2 / chance.designEffect) * reference.categories.length
    return current.counts[i] === 0 && share >= LEAST_SHARE && byChance < chance.tail ? [[name, share]] : []
  })
  if (lost.length === 0) return []
  const from = lost.reduce((sum, [, share]) => sum + share, 0)
  return [{ kind: 'lost_category', from, to: 0, text: `no more ${listed(lost)} (was ${percent(from)})` }]
}

/** The category, or "other", whose share moved most. */
function largestShift(
  reference: CategoricalHistogram,
  current: CategoricalHistogram,
  n1: number,
  n2: number,
  chance: Chance,
): Change[] {
  const names = [...reference.categories.map((name) => `"${name}"`), 'other categories']
  const shifts = names.map((name, i) => ({ name, x1: reference.counts[i]!, x2: current.counts[i]! }))
  const size = (s: { x1: number; x2: number }) => Math.abs(s.x2 / n2 - s.x1 / n1)
  const perCategory = { ...chance, tail: chance.tail / names.length }
  const certain = shifts.filter((s) => sharesDiffer(s.x1, n1, s.x2, n2, perCategory))
  const largest = certain.sort((a, b) => size(b) - size(a))[0]
  // A category that vanished altogether has been told already.
  if (!largest || largest.x2 === 0) return []
  const [from, to] = [largest.x1 / n1, largest.x2 / n2]
  const kind = to > from ? 'more_of_category' : 'less_of_category'
  return [{ kind, from, to, text: `${largest.name} ${percent(from)} → ${percent(to)}` }]
}

function percent(share: number): string {
  return `${Number((100 * share).toFixed(1))} %`
}
