import { baselineOf, type Distribution } from '#evaluation'
import { takeRows } from '#platform/table'
import type { TrainingTable } from './table.ts'

/** What later traffic is measured against. */
export interface Baseline {
  features: Distribution
  /** Distribution of the model's own answers on held-back rows. */
  scores: Distribution
  /** Held-back rows with their loss, to price a drift by: at most 2,000, column by column. */
  priced: { rows: Record<string, (number | string | null)[]>; losses: number[] }
}

export function baselineFrom(
  table: TrainingTable,
  rows: Int32Array,
  evaluated: { rows: Int32Array; scores: Float64Array },
  losses: Float64Array,
): Baseline {
  return {
    features: baselineOf(takeRows(table.features, rows)),
    scores: scoreBaseline(evaluated.scores, evaluated.rows.length),
    priced: pricedRows(table, evaluated.rows, losses),
  }
}

function scoreBaseline(scores: Float64Array, rows: number): Distribution {
  const width = scores.length / rows
  const columns = Array.from({ length: width }, (_, k) => ({
    name: width === 1 ? 'score' : `score_${k}`,
    kind: 'numeric' as const,
    values: Float64Array.from({ length: rows }, (_, r) => scores[r * width + k]!),
  }))
  return baselineOf({ rows, columns })
}

const MOST_PRICED = 2_000

function pricedRows(table: TrainingTable, rows: Int32Array, losses: Float64Array): Baseline['priced'] {
  const step = Math.ceil(rows.length / MOST_PRICED)
  const kept = Int32Array.from(rows.keys()).filter((i) => i % step === 0)
  const frame = takeRows(
    table.features,
    kept.map((i) => rows[i]!),
  )
  return {
    rows: Object.fromEntries(
      frame.columns.map((column) => [
        column.name,
        column.kind === 'numeric'
          ? Array.from(column.values, (value) => (Number.isNaN(value) ? null : value))
          : Array.from(column.codes, (code) => column.categories[code] ?? null),
      ]),
    ),
    losses: Array.from(kept, (i) => losses[i]!),
  }
}
