import type { Frame } from '#platform/table'
import type { Preparation } from '#preparation'
import type { Problem } from '#trainer'
import type { TablePictures } from '../pictures/table-pictures.ts'

/** A labelled table in memory, rows in the order of the dataset version. */
export interface TrainingTable {
  /** The features and nothing else, raw: as records bring them. */
  readonly features: Frame
  /** What the trainer learns from, where a recipe prepares it; computed by DuckDB. */
  readonly prepared?: { readonly frame: Frame; readonly preparation: Preparation } | undefined
  /** Every column that segments and fairness look at, features or not. */
  readonly all: Frame
  readonly problem: Problem
  /** Per row the index of its class, or its value. */
  readonly target: Float64Array
  /** Event time in ms; `undefined` where rows have none. */
  readonly times: Float64Array | undefined
  /** Of a table of pictures: where each row's is. */
  readonly pictures?: TablePictures
}

/** The columns that the trainer sees. */
export const learnedFrom = ({ features, prepared }: TrainingTable): Frame => prepared?.frame ?? features

/** The numbers at `rows`, in that order; `width` numbers per row. */
export function pick(values: Float64Array, rows: Int32Array, width = 1): Float64Array {
  const picked = new Float64Array(rows.length * width)
  for (let i = 0; i < rows.length; i++)
    for (let k = 0; k < width; k++) picked[i * width + k] = values[rows[i]! * width + k]!
  return picked
}

/** The latest of some event times. */
export function youngest(times: Float64Array): number {
  return times.reduce((most, time) => Math.max(most, time), Number.NEGATIVE_INFINITY)
}
