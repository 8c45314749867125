import { takeRows } from '#platform/table'
import type { LabelledRows } from '#trainer'

/** The rows at `indices`. */
export function pick({ frame, target, weights }: LabelledRows, indices: readonly number[]): LabelledRows {
  return {
    frame: takeRows(frame, indices),
    target: Float64Array.from(indices, (i) => target[i]!),
    ...(weights ? { weights: Float64Array.from(indices, (i) => weights[i]!) } : {}),
  }
}

/** Fold of each row, `folds` of them, each with the same share of every class; the seed decides who goes where. */
export function stratifiedFolds(target: Float64Array, folds: number, seed: number): Int32Array {
  const fold = new Int32Array(target.length)
  let state = seed
  // Numerical Recipes' generator: good enough to shuffle, and the same everywhere.
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 4294967296
  }
  for (const label of new Set(target)) {
    const rows = Array.from(target.keys()).filter((row) => target[row] === label)
    for (let i = rows.length - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1))
      ;[rows[i], rows[j]] = [rows[j]!, rows[i]!]
    }
    rows.forEach((row, i) => {
      fold[row] = i % folds
    })
  }
  return fold
}

/** Training and test rows of each fold. */
export function foldSplits(fold: Int32Array): { train: number[]; test: number[] }[] {
  const rows = Array.from(fold.keys())
  return Array.from({ length: Math.max(...fold) + 1 }, (_, k) => ({
    train: rows.filter((row) => fold[row] !== k),
    test: rows.filter((row) => fold[row] === k),
  }))
}
