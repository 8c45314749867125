/** Seeded tables for tests: numbers on several scales, categories, missing values, and a target that depends on them. */
import { type Frame, takeRows } from '#platform/table'
import type { Problem, Task } from './model.ts'
import { seededRandom } from './random.ts'
import type { LabelledRows } from './rows.ts'

export const PROBLEMS: Record<Task, Problem> = {
  binary: { task: 'binary', classes: ['no', 'yes'] },
  multiclass: { task: 'multiclass', classes: ['low', 'middle', 'high'] },
  regression: { task: 'regression' },
}

const COLOURS = ['blue', 'green', 'red', 'white', 'yellow']
const COLOUR_EFFECT = [-1, 0.8, 0, 1.2, -0.5]

export function syntheticRows(task: Task, rows: number, seed: number): LabelledRows {
  const random = seededRandom(seed)
  const age = new Float64Array(rows)
  const income = new Float64Array(rows)
  const visits = new Float64Array(rows)
  const colour = new Int32Array(rows)
  const member = new Int32Array(rows)
  const target = new Float64Array(rows)
  for (let r = 0; r < rows; r++) {
    age[r] = 18 + 60 * random()
    income[r] = random() < 0.1 ? Number.NaN : 1e4 * Math.exp(2 * random())
    visits[r] = Math.floor(6 * random())
    colour[r] = random() < 0.08 ? -1 : Math.floor(COLOURS.length * random())
    member[r] = random() < 0.3 ? 1 : 0
    const score =
      Math.sin(age[r]! / 12) +
      (Number.isNaN(income[r]!) ? 0.7 : Math.log(income[r]! / 2e4)) +
      (visits[r]! > 3 && member[r] === 1 ? 1 : 0) +
      (colour[r]! < 0 ? 0.4 : COLOUR_EFFECT[colour[r]!]!) +
      1.5 * (random() - 0.5)
    target[r] =
      task === 'regression' ? 200 + 40 * score : task === 'binary' ? +(score > 1) : +(score > 0) + +(score > 1)
  }
  return {
    frame: {
      rows,
      columns: [
        { name: 'age', kind: 'numeric', values: age },
        { name: 'income', kind: 'numeric', values: income },
        { name: 'colour', kind: 'categorical', codes: colour, categories: COLOURS },
        { name: 'visits', kind: 'numeric', values: visits },
        { name: 'member', kind: 'categorical', codes: member, categories: ['false', 'true'] },
      ],
    },
    target,
  }
}

export function pickRows({ frame, target, weights }: LabelledRows, indices: readonly number[]): LabelledRows {
  return {
    frame: takeRows(frame, indices),
    target: Float64Array.from(indices, (i) => target[i]!),
    ...(weights ? { weights: Float64Array.from(indices, (i) => weights[i]!) } : {}),
  }
}

/** A frame of numeric columns. */
export function numericFrame(columns: Readonly<Record<string, readonly number[]>>): Frame {
  const all = Object.entries(columns)
  return {
    rows: all[0]![1].length,
    columns: all.map(([name, values]) => ({ name, kind: 'numeric', values: Float64Array.from(values) })),
  }
}

export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new RangeError(`${a.length} values against ${b.length}`)
  let most = 0
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!)
    if (!(difference <= most)) most = difference
  }
  return most
}
