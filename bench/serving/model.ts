import type { Frame } from '#platform/table'
import type { Signature } from '#registry/contract'
import { exportOnnx, fitModel } from '#trainer'

/** Twenty numbers a row, of which four decide. */
export const FEATURES = Array.from({ length: 20 }, (_, f) => `f${f}`)

export function tableOf(rows: number): { frame: Frame; target: Float64Array } {
  let state = 1
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  const columns = FEATURES.map((name) => ({
    name,
    kind: 'numeric' as const,
    values: Float64Array.from({ length: rows }, random),
  }))
  const value = (f: number, r: number) => columns[f]!.values[r]!
  const target = Float64Array.from({ length: rows }, (_, r) =>
    random() < 1 / (1 + Math.exp(-4 * (value(0, r) + value(1, r) * value(2, r) - value(3, r) - 0.3))) ? 1 : 0,
  )
  return { frame: { rows, columns }, target }
}

/** 200 trees on them, as a package. */
export function trainedOnnx(seed = 1): Uint8Array {
  const { frame, target } = tableOf(4_000)
  return exportOnnx(
    fitModel(
      { task: 'binary', classes: ['no', 'yes'] },
      { learner: 'boosted_trees', trees: 200, seed },
      { frame, target },
    ),
  )
}

export const SIGNATURE: Signature = {
  task: 'binary',
  classes: ['no', 'yes'],
  label: 'label',
  features: FEATURES.map((name) => ({ name, kind: 'numeric' })),
}
