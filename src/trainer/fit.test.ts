import { describe, expect, it } from 'vitest'
import type { CategoricalColumn, Frame } from '#platform/table'
import { blend } from './blend.ts'
import { BadRecipe, BadTarget, BadWeights, EmptyTraining, FrameMismatch, OneClass } from './errors.ts'
import { fitModel } from './fit.ts'
import type { TabularModel, Task } from './model.ts'
import { predict } from './predict.ts'
import type { RecipeInput } from './recipe.ts'
import { largestDifference, numericFrame, PROBLEMS, pickRows, syntheticRows } from './synthetic.fixture.ts'

const TASKS: Task[] = ['binary', 'multiclass', 'regression']
const RECIPES: RecipeInput[] = [
  { learner: 'logistic' },
  { learner: 'boosted_trees', trees: 40, minChildWeight: 5, columnFraction: 1, rowFraction: 1 },
  { learner: 'boosted_trees', trees: 25, maxLeaves: 15, minChildWeight: 5, columnFraction: 0.6, rowFraction: 0.7 },
]
const EVERY = TASKS.flatMap((task) => RECIPES.map((recipe) => ({ task, recipe, learner: recipe.learner })))

function meanLoss(model: TabularModel, rows: ReturnType<typeof syntheticRows>): number {
  const answers = predict(model, rows.frame)
  const classes = model.classes?.length ?? 1
  let sum = 0
  rows.target.forEach((y, r) => {
    if (model.task === 'regression') sum += (answers[r]! - y) ** 2
    else if (model.task === 'binary') sum -= Math.log(y === 1 ? answers[r]! : 1 - answers[r]!)
    else sum -= Math.log(answers[r * classes + y]!)
  })
  return sum / rows.target.length
}

describe.each(EVERY)('$task with $learner', ({ task, recipe }) => {
  const rows = syntheticRows(task, 600, 7)
  const others = syntheticRows(task, 600, 8)

  it('learns what holds for other rows', () => {
    const uninformed = fitModel(PROBLEMS[task], { learner: 'logistic', l2: 1e12 }, rows)
    expect(meanLoss(fitModel(PROBLEMS[task], recipe, rows), others)).toBeLessThan(0.8 * meanLoss(uninformed, others))
  })

  it('gives the same model, bit for bit, and survives JSON', () => {
    const one = JSON.stringify(fitModel(PROBLEMS[task], recipe, rows))
    const two = JSON.stringify(fitModel(PROBLEMS[task], recipe, syntheticRows(task, 600, 7)))
    expect(two).toBe(one)
    const read = JSON.parse(one) as TabularModel
    expect(JSON.stringify(read)).toBe(one)
    const direct = predict(fitModel(PROBLEMS[task], recipe, rows), others.frame)
    expect(predict(read, others.frame)).toEqual(direct)
  })

  it('answers a row alone as among others, with proper probabilities', () => {
    const model = fitModel(PROBLEMS[task], recipe, rows)
    const all = predict(model, others.frame)
    const width = all.length / others.frame.rows
    for (const r of [0, 17, 599]) {
      const alone = predict(model, pickRows(others, [r]).frame)
      expect(alone).toEqual(all.slice(r * width, (r + 1) * width))
      if (task === 'multiclass') expect(alone.reduce((a, b) => a + b)).toBeCloseTo(1, 12)
      if (task !== 'regression') expect(Math.min(...alone)).toBeGreaterThan(0)
      if (task !== 'regression') expect(Math.max(...alone)).toBeLessThan(1)
    }
  })

  it('ignores rows of weight 0', () => {
    const kept = Array.from(rows.target.keys()).filter((r) => r % 4 !== 0)
    const weights = Float64Array.from(rows.target.keys(), (r) => (r % 4 === 0 ? 0 : 1))
    const spoilt = { ...rows, weights, target: rows.target.map((y, r) => (r % 4 === 0 ? Number.NaN : y)) }
    const zero = fitModel(PROBLEMS[task], recipe, spoilt)
    expect(JSON.stringify(zero)).toBe(JSON.stringify(fitModel(PROBLEMS[task], recipe, pickRows(rows, kept))))
  })

  it('matches categories by their text, not their number', () => {
    const model = fitModel(PROBLEMS[task], recipe, rows)
    expect(predict(model, renumbered(others.frame))).toEqual(predict(model, others.frame))
  })
})

describe.each(
  TASKS.flatMap((task) => RECIPES.slice(0, 2).map((recipe) => ({ task, recipe, learner: recipe.learner }))),
)('weights: $task with $learner', ({ task, recipe }) => {
  it('count a row of weight 2 as the row twice', () => {
    // Weights are whole numbers, so sums over rows are the same up to the order of additions.
    const rows = syntheticRows(task, 400, 3)
    const times = Array.from(rows.target.keys(), (r) => 1 + (r % 3))
    const repeated = pickRows(
      rows,
      times.flatMap((count, r) => new Array<number>(count).fill(r)),
    )
    const exact = {
      ...recipe,
      ...(recipe.learner === 'boosted_trees' ? { columnFraction: 1, rowFraction: 1, maxBins: 32 } : {}),
    }
    const weighted = fitModel(PROBLEMS[task], exact, { ...rows, weights: Float64Array.from(times) })
    const twice = fitModel(PROBLEMS[task], exact, repeated)
    const scale = task === 'regression' ? 200 : 1
    expect(largestDifference(predict(weighted, rows.frame), predict(twice, rows.frame)) / scale).toBeLessThan(1e-6)
  })
})

describe.each(RECIPES.slice(0, 2))('$learner', (recipe) => {
  it('answers missing and unseen values, and the empty text as missing', () => {
    const rows = syntheticRows('binary', 600, 11)
    const model = fitModel(PROBLEMS.binary, recipe, rows)
    const colour = (codes: number[], categories: string[]): Frame => ({
      rows: codes.length,
      columns: pickRows(rows, new Array(codes.length).fill(0)).frame.columns.map((column) =>
        column.name === 'colour'
          ? { name: 'colour', kind: 'categorical', codes: Int32Array.from(codes), categories }
          : column,
      ),
    })
    const [missing, empty, unseen, blue] = predict(model, colour([-1, 0, 1, 2], ['', 'ultraviolet', 'blue']))
    expect(empty).toBe(missing)
    expect(missing).not.toBe(blue)
    expect(unseen).toBeGreaterThan(0)
    expect(unseen).toBeLessThan(1)
    const nothing = predict(model, allMissing(rows.frame))
    expect(nothing.every((p) => p > 0 && p < 1)).toBe(true)
  })

  it('treats a category that only has rows of weight 0 as never seen', () => {
    const rows = syntheticRows('binary', 300, 5)
    const { codes } = rows.frame.columns[2] as CategoricalColumn
    const model = fitModel(PROBLEMS.binary, recipe, { ...rows, weights: Float64Array.from(codes, (c) => +(c !== 3)) })
    expect(JSON.stringify(model.members)).not.toContain('white')
  })

  it('is untouched by a constant column, an empty one and infinite inputs', () => {
    const values = Array.from({ length: 200 }, (_, i) => i / 10)
    const target = Float64Array.from(values, (v) => +(v > 8))
    const none = values.map(() => Number.NaN)
    const frame = numericFrame({ x: values, constant: values.map(() => 0.1), none })
    const model = fitModel(PROBLEMS.binary, recipe, { frame, target })
    const [low, high, lowest, highest, odd] = predict(
      model,
      numericFrame({
        x: [1, 19, -Infinity, Infinity, 19],
        constant: [0.1, 0.1, 0.1, 0.1, 1e300],
        none: [...none.slice(0, 4), 5],
      }),
    )
    expect(low).toBeLessThan(0.2)
    expect(high).toBeGreaterThan(0.8)
    expect(lowest).toBeLessThan(0.2)
    expect(highest).toBeGreaterThan(0.8)
    expect(Math.abs(odd! - high!)).toBeLessThan(0.2)
  })

  it('learns the mean from one row, and from features that say nothing', () => {
    const one = { frame: numericFrame({ x: [3] }), target: Float64Array.of(42) }
    expect(predict(fitModel({ task: 'regression' }, recipe, one), numericFrame({ x: [3, 9] }))).toEqual(
      Float64Array.of(42, 42),
    )
    const dull = { frame: numericFrame({ x: [1, 1, 1, 1] }), target: Float64Array.of(0, 0, 1, 0) }
    expect(predict(fitModel(PROBLEMS.binary, recipe, dull), numericFrame({ x: [1] }))[0]).toBeCloseTo(0.25, 6)
  })

  it('gives an absent class of several hardly any probability', () => {
    const rows = syntheticRows('binary', 300, 2)
    const model = fitModel({ task: 'multiclass', classes: ['no', 'yes', 'never'] }, recipe, rows)
    const answers = predict(model, rows.frame)
    expect(Math.max(...answers.filter((_, i) => i % 3 === 2))).toBeLessThan(0.03)
  })

  it('takes a table of 10,000 columns', () => {
    const columns: Record<string, number[]> = {}
    for (let j = 0; j < 10_000; j++) columns[`x${j}`] = Array.from({ length: 60 }, (_, i) => Math.sin(i * (j + 1)))
    const frame = numericFrame(columns)
    const target = Float64Array.from({ length: 60 }, (_, i) => +(Math.sin(i * 5) > 0))
    const model = fitModel(PROBLEMS.binary, recipe, { frame, target })
    expect(predict(model, frame).every((p) => p > 0 && p < 1)).toBe(true)
  })
})

describe('row sampling', () => {
  it('tells the rows left out of a tree, too, what it added', () => {
    const x = Array.from({ length: 100 }, (_, i) => i % 2)
    const rows = { frame: numericFrame({ x }), target: Float64Array.from(x, (v) => 10 + 4 * v) }
    const recipe: RecipeInput = { learner: 'boosted_trees', learningRate: 1, l2: 0, rowFraction: 0.5, trees: 20 }
    // The first tree leaves no error, so any later one that adds something did not know.
    expect([...predict(fitModel(PROBLEMS.regression, recipe, rows), numericFrame({ x: [0, 1] }))]).toEqual([
      expect.closeTo(10, 5),
      expect.closeTo(14, 5),
    ])
  })
})

describe('validation rows', () => {
  it('decide how many trees are kept, the best by their loss', () => {
    const rows = syntheticRows('binary', 300, 1)
    const validation = syntheticRows('binary', 300, 2)
    const recipe: RecipeInput = { learner: 'boosted_trees', learningRate: 0.3, l2: 0, minChildWeight: 2, patience: 10 }
    const stopped = fitModel(PROBLEMS.binary, recipe, rows, validation)
    const lossOf = (trees: number) => meanLoss(fitModel(PROBLEMS.binary, { ...recipe, trees }, rows), validation)
    const kept = treeCount(stopped)
    expect(kept).toBeLessThan(100)
    const losses = Array.from({ length: kept + 10 }, (_, i) => lossOf(i + 1))
    expect(losses.indexOf(Math.min(...losses)) + 1).toBe(kept)
    expect(meanLoss(stopped, validation)).toBeCloseTo(Math.min(...losses), 12)
  })

  it('leave the mean alone when no tree helps', () => {
    const rows = { frame: numericFrame({ x: [1, 2, 3, 4] }), target: Float64Array.of(1, 2, 3, 4) }
    const reverse = { frame: rows.frame, target: Float64Array.of(4, 3, 2, 1) }
    const recipe: RecipeInput = { learner: 'boosted_trees', minChildWeight: 1, l2: 0 }
    const model = fitModel(PROBLEMS.regression, recipe, rows, reverse)
    expect(treeCount(model)).toBe(0)
    expect(predict(model, rows.frame)).toEqual(Float64Array.of(2.5, 2.5, 2.5, 2.5))
  })
})

describe('blend', () => {
  const rows = syntheticRows('multiclass', 300, 1)
  const linear = fitModel(PROBLEMS.multiclass, { learner: 'logistic' }, rows)
  const trees = fitModel(PROBLEMS.multiclass, { learner: 'boosted_trees', trees: 20 }, rows)

  it('answers the weighted mean', () => {
    const mixed = predict(blend([linear, trees], [1, 3]), rows.frame)
    const [a, b] = [predict(linear, rows.frame), predict(trees, rows.frame)]
    expect(
      largestDifference(
        mixed,
        a.map((p, i) => (p + 3 * b[i]!) / 4),
      ),
    ).toBeLessThan(1e-15)
  })

  it('is flat, drops weight 0, and knows the categories of all', () => {
    const nested = blend([blend([linear, trees], [1, 1]), trees, linear], [2, 2, 0])
    expect(nested.members.map((member) => member.weight)).toEqual([0.25, 0.25, 0.5])
    const other = fitModel(
      PROBLEMS.multiclass,
      { learner: 'logistic' },
      {
        ...rows,
        frame: renamed(rows.frame, 'colour', (text) => (text === 'blue' ? 'azure' : text)),
      },
    )
    const colours = blend([linear, other], [1, 1]).features[2]
    expect(colours).toMatchObject({ categories: ['blue', 'green', 'red', 'white', 'yellow', 'azure'] })
  })

  it('refuses models of another question and useless weights', () => {
    const regression = fitModel(PROBLEMS.regression, { learner: 'logistic' }, syntheticRows('regression', 50, 1))
    expect(() => blend([linear, regression], [1, 1])).toThrow('differ in task')
    expect(() => blend([linear, trees], [0, 0])).toThrow('the weights are 0, 0')
    expect(() => blend([linear, trees], [1, -1])).toThrow('the weights are 1, -1')
    expect(() => blend([linear], [1, 1])).toThrow('1 models and 2 weights')
    expect(() => blend([], [])).toThrow('0 models')
  })
})

describe('what cannot be learned is refused with a code and a hint', () => {
  const good = syntheticRows('binary', 50, 1)
  const recipe: RecipeInput = { learner: 'boosted_trees' }
  const refusal = (change: () => unknown) => {
    try {
      change()
    } catch (error) {
      return error
    }
    throw new Error('it was accepted')
  }

  it.each([
    ['one class', { target: good.target.map(() => 1) }, OneClass, 'ORRERY_TRAINER_ONE_CLASS', '"yes"'],
    [
      'a missing label',
      { target: good.target.map((y, i) => (i === 9 ? Number.NaN : y)) },
      BadTarget,
      'ORRERY_TRAINER_BAD_TARGET',
      'row 9',
    ],
    [
      'a class that is not there',
      { target: good.target.map((y) => 2 * y) },
      BadTarget,
      'ORRERY_TRAINER_BAD_TARGET',
      'is 2',
    ],
    ['too few targets', { target: new Float64Array(49) }, BadTarget, 'ORRERY_TRAINER_BAD_TARGET', '49 target values'],
    ['a negative weight', { weights: good.target.map(() => -1) }, BadWeights, 'ORRERY_TRAINER_BAD_WEIGHTS', 'row 0'],
    ['too many weights', { weights: new Float64Array(51) }, BadWeights, 'ORRERY_TRAINER_BAD_WEIGHTS', '51 weights'],
    ['no weight at all', { weights: new Float64Array(50) }, EmptyTraining, 'ORRERY_TRAINER_EMPTY', 'weight above 0'],
    ['no rows', pickRows(good, []), EmptyTraining, 'ORRERY_TRAINER_EMPTY', 'no training row'],
    ['no columns', { frame: { rows: 50, columns: [] } }, EmptyTraining, 'ORRERY_TRAINER_EMPTY', 'no columns'],
    [
      'a name twice',
      { frame: { rows: 50, columns: [good.frame.columns[0]!, good.frame.columns[0]!] } },
      FrameMismatch,
      'ORRERY_TRAINER_FRAME_MISMATCH',
      'two columns are called "age"',
    ],
  ])('%s', (_, change, type, code, message) => {
    const error = refusal(() => fitModel(PROBLEMS.binary, recipe, { ...good, ...change }))
    expect(error).toBeInstanceOf(type)
    expect(error).toMatchObject({ code, message: expect.stringContaining(message), hint: expect.stringMatching(/\.$/) })
  })

  it.each([
    [{ learner: 'boosted_trees', learningRate: 0 }, 'learningRate is 0'],
    [{ learner: 'boosted_trees', maxLeaves: 7.5 }, 'maxLeaves is 7.5'],
    [{ learner: 'boosted_trees', trees: Number.NaN }, 'trees is NaN'],
    [{ learner: 'logistic', trees: 5 }, 'trees is 5; it must be left out'],
    [{ learner: 'forest' }, 'learner is forest'],
  ])('the recipe %j', (bad, message) => {
    const error = refusal(() => fitModel(PROBLEMS.binary, bad as RecipeInput, good))
    expect(error).toBeInstanceOf(BadRecipe)
    expect(error).toMatchObject({ code: 'ORRERY_TRAINER_BAD_RECIPE', message: expect.stringContaining(message) })
  })

  it('a regression on text, and a value no float32 can say', () => {
    const rows = { ...good, target: good.target.map((_, i) => (i === 3 ? 1e39 : i)) }
    expect(refusal(() => fitModel(PROBLEMS.regression, recipe, rows))).toMatchObject({
      message: 'the target of row 3 is 1e+39',
    })
  })

  it('a prediction without a feature, or with one of another kind', () => {
    const model = fitModel(PROBLEMS.binary, recipe, good)
    const without = { rows: 50, columns: good.frame.columns.slice(1) }
    expect(refusal(() => predict(model, without))).toMatchObject({ message: 'the frame has no column "age"' })
    const text = { rows: 50, columns: [{ ...good.frame.columns[2]!, name: 'age' }, ...good.frame.columns.slice(1)] }
    expect(refusal(() => predict(model, text))).toMatchObject({
      code: 'ORRERY_TRAINER_FRAME_MISMATCH',
      message: 'column "age" is categorical, the model expects numeric',
    })
    const extra = { rows: 50, columns: [{ ...good.frame.columns[0]!, name: 'more' }, ...good.frame.columns] }
    expect(predict(model, extra)).toEqual(predict(model, good.frame))
  })
})

function treeCount(model: TabularModel): number {
  const { learner } = model.members[0]!
  return learner.kind === 'boosted_trees' ? learner.roots.length : Number.NaN
}

/** The same rows with every categorical column's categories in reverse. */
function renumbered(frame: Frame): Frame {
  const columns = frame.columns.map((column) => {
    if (column.kind === 'numeric') return column
    const last = column.categories.length - 1
    return {
      ...column,
      categories: [...column.categories].reverse(),
      codes: column.codes.map((code) => (code < 0 ? -1 : last - code)),
    }
  })
  return { rows: frame.rows, columns }
}

function renamed(frame: Frame, name: string, to: (text: string) => string): Frame {
  const columns = frame.columns.map((column) =>
    column.kind === 'categorical' && column.name === name
      ? { ...column, categories: column.categories.map(to) }
      : column,
  )
  return { rows: frame.rows, columns }
}

function allMissing(frame: Frame): Frame {
  const columns = frame.columns.map((column) =>
    column.kind === 'numeric'
      ? { ...column, values: column.values.map(() => Number.NaN) }
      : { ...column, codes: column.codes.map(() => -1) },
  )
  return { rows: frame.rows, columns }
}
