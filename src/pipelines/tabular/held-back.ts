import type { TrainingData } from '#projects/contract'
import type { TrainingPlan } from './training.ts'

/** Which rows train and which are held back; the held-back ones in two halves, older and younger. */
export interface HeldBack {
  readonly train: Int32Array
  /** Weighs and chooses between candidates. */
  readonly validation: Int32Array
  /** Only ever evaluated on. */
  readonly test: Int32Array
}

/** Fewer held-back rows than this say nothing; more than half of the rows leave too few to train on. */
const LEAST_HELD_BACK = 50

/** Holds back the most recent rows of a table in time order: a share of the rows, or a period of event time in ms. */
export function holdBackRecent(times: Float64Array, amount: { share: number } | { period: number }): HeldBack {
  const rows = times.length
  let count = 0
  if ('share' in amount) count = Math.round(rows * amount.share)
  else {
    const from = times[rows - 1]! - amount.period
    while (count < rows && times[rows - 1 - count]! > from) count++
  }
  const held = Math.min(Math.max(count, LEAST_HELD_BACK), Math.floor(rows / 2))
  const middle = rows - Math.ceil(held / 2)
  return { train: range(0, rows - held), validation: range(rows - held, middle), test: range(middle, rows) }
}

/** What a training holds back: the version's own split; or the most recent rows, where candidates are blended by them. */
export function heldBackFor(
  set: TrainingData,
  training: TrainingPlan,
  times: Float64Array | undefined,
  split: HeldBack,
) {
  const recent = 'blend' in training && training.blend && times && set.split.by === 'time'
  return recent ? holdBackRecent(times, training.blend!.hold_back) : split
}

function range(from: number, to: number): Int32Array {
  return Int32Array.from({ length: to - from }, (_, i) => from + i)
}
