import { type Chance, LEAST_SHARE, sharesDiffer } from './chance.ts'
import type { CategoricalHistogram, Change } from './contract.ts'
import { percent } from './groups.ts'
import { presentRows } from './histogram.ts'

/** Categories that appeared, vanished, or took up another share. */
export function categoryChanges(
  reference: CategoricalHistogram,
  current: CategoricalHistogram,
  chance: Chance,
): Change[] {
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
  // Of two equal moves, as those of a column of two categories, the rise is told.
  const size = (s: { x1: number; x2: number }) => Math.abs(s.x2 / n2 - s.x1 / n1) + (s.x2 / n2 > s.x1 / n1 ? 1e-9 : 0)
  const perCategory = { ...chance, tail: chance.tail / names.length }
  const certain = shifts.filter((s) => sharesDiffer(s.x1, n1, s.x2, n2, perCategory))
  const largest = certain.sort((a, b) => size(b) - size(a))[0]
  // A category that vanished altogether has been told already.
  if (!largest || largest.x2 === 0) return []
  const [from, to] = [largest.x1 / n1, largest.x2 / n2]
  const kind = to > from ? 'more_of_category' : 'less_of_category'
  return [{ kind, from, to, text: `${largest.name} ${percent(from)} → ${percent(to)}` }]
}
