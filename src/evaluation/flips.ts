import { type Column, columnNamed, type Frame } from '#platform/table'
import { quantileOfSorted } from './bootstrap.ts'
import type { Flip } from './contract.ts'
import type { Predict } from './robustness.ts'

export interface FlipOptions {
  /** A binary model. */
  readonly predict: Predict
  /** One row. */
  readonly row: Frame
  /** Rows that show which values are plausible; its columns are tried. */
  readonly background: Frame
  readonly threshold?: number
}

/** One value to try in place of a feature's own. */
interface Edit {
  readonly feature: string
  readonly value: number | string
}

// Values tried per feature: quantiles of the background, or its categories.
const TRIED = 20
// Halvings between the last value that keeps the decision and the first that flips it: to a thousandth of their gap.
const HALVINGS = 10

/**
 * What would have changed a binary model's mind: for each feature alone, the plausible value nearest to the row's own at
 * which the decision flips, nearest in the background's spread first. Features that cannot flip it alone are absent.
 * Values beyond the background's are not tried, since the model has not learnt there.
 * @throws RangeError when `row` is not one row or the background is empty
 */
export async function nearestFlips(options: FlipOptions): Promise<Flip[]> {
  const { row, background, predict } = options
  if (row.rows !== 1) throw new RangeError(`one row is explained at a time, not ${row.rows}`)
  if (background.rows === 0) throw new RangeError('the background has no rows to compare with')
  const threshold = options.threshold ?? 0.5
  const decide = async (edits: readonly Edit[]) =>
    Array.from(await predict(editedFrame(row, edits)), (score) => score >= threshold)
  const [decided] = Array.from(await predict(row), (score) => score >= threshold)

  const edits = background.columns.flatMap((column) => {
    const own = columnNamed(row, column.name)
    return own?.kind === column.kind ? candidates(column, own) : []
  })
  const answers = edits.length > 0 ? await decide(edits) : []
  const flips = nearestOf(row, edits, answers, decided!)
  const refined = await refine(flips, decide, decided!)
  return refined
    .map((flip) => flipOf(flip, background))
    .sort((a, b) => (a.distance ?? Number.POSITIVE_INFINITY) - (b.distance ?? Number.POSITIVE_INFINITY))
}

/** The values of `column` to try instead of the row's own. */
function candidates(column: Column, own: Column): Edit[] {
  if (column.kind === 'categorical' && own.kind === 'categorical') {
    const present = new Set(
      Array.from(column.codes.filter((code) => code >= 0)).map((code) => column.categories[code]!),
    )
    present.delete(own.categories[own.codes[0]!] ?? '')
    return [...present].slice(0, TRIED).map((value) => ({ feature: column.name, value }))
  }
  if (column.kind !== 'numeric') return []
  const sorted = column.values.filter(Number.isFinite).sort()
  if (sorted.length === 0) return []
  const values = Array.from({ length: TRIED + 1 }, (_, i) => quantileOfSorted(sorted, i / TRIED))
  return [...new Set(values)].map((value) => ({ feature: column.name, value }))
}

interface FoundFlip {
  readonly feature: string
  readonly own: number | string | null
  /** A value that flips the decision, and the nearest known one towards the row's own that does not. */
  readonly flips: number | string
  readonly keeps: number | string | null
}

/** Per feature the edit nearest to the row's own value that flips the decision. */
function nearestOf(row: Frame, edits: readonly Edit[], answers: readonly boolean[], decided: boolean): FoundFlip[] {
  const found = new Map<string, FoundFlip>()
  edits.forEach(({ feature, value }, i) => {
    if (answers[i] === decided) return
    const own = ownValue(columnNamed(row, feature)!)
    const before = found.get(feature)
    const isNearer =
      typeof value === 'number' && typeof own === 'number'
        ? !before || Math.abs(value - own) < Math.abs((before.flips as number) - own)
        : !before
    if (isNearer) found.set(feature, { feature, own, flips: value, keeps: own })
  })
  return [...found.values()]
}

/** Halves the gap between keeping and flipping, all features in one call per halving. */
async function refine(
  found: readonly FoundFlip[],
  decide: (edits: readonly Edit[]) => Promise<boolean[]>,
  decided: boolean,
): Promise<FoundFlip[]> {
  let flips = [...found]
  const isGap = (flip: FoundFlip) => typeof flip.flips === 'number' && typeof flip.keeps === 'number'
  for (let halving = 0; halving < HALVINGS && flips.some(isGap); halving++) {
    const open = flips.filter(isGap)
    const middles = open.map((flip) => ((flip.flips as number) + (flip.keeps as number)) / 2)
    const answers = await decide(open.map((flip, i) => ({ feature: flip.feature, value: middles[i]! })))
    const halved = new Map(
      open.map((flip, i) => [
        flip.feature,
        answers[i] === decided ? { ...flip, keeps: middles[i]! } : { ...flip, flips: middles[i]! },
      ]),
    )
    flips = flips.map((flip) => halved.get(flip.feature) ?? flip)
  }
  return flips
}

function flipOf({ feature, own, flips }: FoundFlip, background: Frame): Flip {
  const column = columnNamed(background, feature)!
  if (typeof flips !== 'number' || typeof own !== 'number' || column.kind !== 'numeric') {
    return { feature, value: own, flipsAt: flips, side: null, distance: null }
  }
  const sorted = column.values.filter(Number.isFinite).sort()
  const spread = quantileOfSorted(sorted, 0.9) - quantileOfSorted(sorted, 0.1)
  const side = flips < own ? 'below' : 'above'
  return { feature, value: own, flipsAt: flips, side, distance: spread > 0 ? Math.abs(flips - own) / spread : null }
}

function ownValue(column: Column): number | string | null {
  if (column.kind === 'categorical') return column.categories[column.codes[0]!] ?? null
  return Number.isNaN(column.values[0]!) ? null : column.values[0]!
}

/** The row once per edit, with that one value exchanged. */
function editedFrame(row: Frame, edits: readonly Edit[]): Frame {
  return {
    rows: edits.length,
    columns: row.columns.map((column): Column => {
      const valueAt = (i: number) => (edits[i]!.feature === column.name ? edits[i]!.value : undefined)
      if (column.kind === 'numeric') {
        const values = Float64Array.from(
          { length: edits.length },
          (_, i) => (valueAt(i) as number) ?? column.values[0]!,
        )
        return { ...column, values }
      }
      const categories = [...new Set([...column.categories, ...edits.flatMap((_, i) => (valueAt(i) as string) ?? [])])]
      const codes = Int32Array.from({ length: edits.length }, (_, i) => {
        const value = valueAt(i)
        return value === undefined ? column.codes[0]! : categories.indexOf(value as string)
      })
      return { ...column, categories, codes }
    }),
  }
}
