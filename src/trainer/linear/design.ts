/**
 * From columns to the numbers a linear model adds up: dense standardised numbers, and for each row the few one-hot
 * columns that are 1. Everything here is learned from training rows only.
 */
import type { CategoricalColumn, Column, NumericColumn } from '#platform/table'
import type { Feature } from '../model.ts'
import { levelsOf } from '../signature.ts'
import { CLIP } from './learner.ts'

export interface NumericPlan {
  readonly feature: number
  readonly fill: number
  readonly mean: number
  readonly scale: number
  /** Has its own column for "was missing". */
  readonly flagsMissing: boolean
}

export interface CategoricalPlan {
  readonly feature: number
  readonly levels: readonly string[]
  /** Has its own level for missing values. */
  readonly flagsMissing: boolean
  /** What a missing value counts as otherwise. */
  readonly mostFrequent: number
}

export interface DesignPlan {
  readonly numeric: readonly NumericPlan[]
  readonly categorical: readonly CategoricalPlan[]
}

/** Rows as a linear model sees them. Columns are numbered: numbers first, then one-hot columns. */
export interface Design {
  readonly rows: number
  readonly dense: number
  readonly columns: number
  /** `rows` × `dense`. */
  readonly values: Float64Array
  /** One-hot slots of a row: one per categorical feature and per "was missing" flag. */
  readonly slots: number
  /** `rows` × `slots`: the column that is 1, or -1 for none. */
  readonly active: Int32Array
}

export function planDesign(
  features: readonly Feature[],
  columns: readonly Column[],
  weights: Float64Array,
): DesignPlan {
  const numeric: NumericPlan[] = []
  const categorical: CategoricalPlan[] = []
  features.forEach((_, feature) => {
    const column = columns[feature]!
    if (column.kind === 'numeric') numeric.push(planNumeric(feature, column, weights))
    else categorical.push(planCategorical(feature, column, weights))
  })
  return { numeric, categorical }
}

function planNumeric(feature: number, column: NumericColumn, weights: Float64Array): NumericPlan {
  let total = 0
  let sum = 0
  let least = Infinity
  let most = -Infinity
  let missing = false
  const present: number[] = []
  for (let r = 0; r < weights.length; r++) {
    const x = Math.fround(column.values[r]!)
    if (Number.isNaN(x)) missing = true
    // An infinity has a side, but no place in a mean; it is clipped when scored.
    if (!Number.isFinite(x)) continue
    present.push(r)
    total += weights[r]!
    sum += weights[r]! * x
    least = Math.min(least, x)
    most = Math.max(most, x)
  }
  if (present.length === 0) return { feature, fill: 0, mean: 0, scale: 0, flagsMissing: missing }
  const mean = least === most ? least : sum / total
  let squares = 0
  for (const r of present) squares += weights[r]! * (Math.fround(column.values[r]!) - mean) ** 2
  const scale = least === most ? 0 : 1 / Math.sqrt(squares / total)
  return { feature, fill: weightedMedian(column, present, weights, total), mean, scale, flagsMissing: missing }
}

function weightedMedian(column: NumericColumn, present: number[], weights: Float64Array, total: number): number {
  const ascending = present.sort((a, b) => column.values[a]! - column.values[b]!)
  let held = 0
  for (const r of ascending) {
    held += weights[r]!
    if (held >= total / 2) return Math.fround(column.values[r]!)
  }
  return Math.fround(column.values[ascending.at(-1)!]!)
}

function planCategorical(feature: number, column: CategoricalColumn, weights: Float64Array): CategoricalPlan {
  const totals = new Float64Array(column.categories.length)
  let missing = false
  for (let r = 0; r < weights.length; r++) {
    const code = column.codes[r]!
    if (code < 0 || column.categories[code] === '') missing = true
    else totals[code]! += weights[r]!
  }
  const levels: string[] = []
  let mostFrequent = 0
  let most = 0
  totals.forEach((total, code) => {
    if (total === 0) return
    if (total > most) {
      most = total
      mostFrequent = levels.length
    }
    levels.push(column.categories[code]!)
  })
  return { feature, levels, flagsMissing: missing, mostFrequent }
}

export function buildDesign(plan: DesignPlan, columns: readonly Column[], rows: number): Design {
  const dense = plan.numeric.length
  const flags = plan.numeric.filter((one) => one.flagsMissing).length
  const slots = flags + plan.categorical.length
  const values = new Float64Array(rows * dense)
  const active = new Int32Array(rows * slots).fill(-1)
  let next = dense
  let slot = 0
  plan.numeric.forEach((one, j) => {
    const { values: raw } = columns[one.feature] as NumericColumn
    for (let r = 0; r < rows; r++) {
      const x = Math.fround(raw[r]!)
      values[r * dense + j] = standardise(Number.isNaN(x) ? one.fill : x, one)
      if (one.flagsMissing && Number.isNaN(x)) active[r * slots + slot] = next
    }
    if (!one.flagsMissing) return
    next++
    slot++
  })
  for (const one of plan.categorical) {
    const missing = one.flagsMissing ? one.levels.length : one.levels.length === 0 ? -2 : one.mostFrequent
    const levels = levelsOf(columns[one.feature]!, one.levels)
    for (let r = 0; r < rows; r++) {
      const level = levels[r] === -1 ? missing : levels[r]!
      if (level >= 0) active[r * slots + slot] = next + level
    }
    next += one.levels.length + (one.flagsMissing ? 1 : 0)
    slot++
  }
  return { rows, dense, columns: next, values, slots, active }
}

/** The clipped standard score; a constant is 0 whatever comes later. */
export function standardise(x: number, by: { readonly mean: number; readonly scale: number }): number {
  if (by.scale === 0) return 0
  return Math.min(CLIP, Math.max(-CLIP, (x - by.mean) * by.scale))
}
