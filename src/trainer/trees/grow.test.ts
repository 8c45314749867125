import { describe, expect, it } from 'vitest'
import { seededRandom } from '../random.ts'
import { completeRecipe, type TreesRecipe } from '../recipe.ts'
import { binRows } from './bins.ts'
import { type GrownNode, TreeGrower } from './grow.ts'

/** Three features with few values and some missing, weights, and derivatives. */
function randomRows(rows: number, seed: number) {
  const random = seededRandom(seed)
  const draw = (values: number, missing: number) =>
    Float32Array.from({ length: rows }, () => (random() < missing ? Number.NaN : Math.floor(values * random())))
  const weights = Float64Array.from({ length: rows }, () => 0.25 + Math.floor(4 * random()) / 4)
  return {
    columns: [draw(12, 0), draw(30, 0.2), draw(3, 0.1)],
    weights,
    gradients: Float64Array.from(weights, (w) => w * (random() - 0.5)),
    hessians: Float64Array.from(weights, (w) => w * (0.05 + 0.2 * random())),
  }
}

type Rows = ReturnType<typeof randomRows>

function recipeWith(changes: Partial<TreesRecipe>): TreesRecipe {
  return completeRecipe({ learner: 'boosted_trees', columnFraction: 1, ...changes }) as TreesRecipe
}

function grow(rows: Rows, recipe: TreesRecipe): { tree: GrownNode[]; scores: Float64Array } {
  const count = rows.weights.length
  const grower = new TreeGrower(binRows(rows.columns, rows.weights, recipe.maxBins), rows.weights, recipe)
  const scores = new Float64Array(count)
  const everyRow = Int32Array.from({ length: count }, (_, i) => i)
  const tree = grower.grow(rows.gradients, rows.hessians, everyRow, Int32Array.of(0, 1, 2), scores)
  return { tree, scores }
}

interface Split {
  readonly gain: number
  readonly left: number[]
  readonly right: number[]
}

/** The best split of `members` by trying every cut of every feature with missing values on both sides. */
function bestSplitByTrial(rows: Rows, members: readonly number[], recipe: TreesRecipe): Split | undefined {
  const sum = (of: Float64Array, over: readonly number[]) => over.reduce((total, r) => total + of[r]!, 0)
  const score = (over: readonly number[]) => sum(rows.gradients, over) ** 2 / (sum(rows.hessians, over) + recipe.l2)
  const allowed = (over: readonly number[]) =>
    sum(rows.weights, over) >= recipe.minChildWeight && sum(rows.hessians, over) >= recipe.minChildHessian
  let best: Split | undefined
  for (const column of rows.columns) {
    for (const cut of new Set([...column].filter((v) => !Number.isNaN(v)))) {
      for (const missingLeft of [false, true]) {
        const goesLeft = (r: number) => (Number.isNaN(column[r]!) ? missingLeft : column[r]! <= cut)
        const left = members.filter(goesLeft)
        const right = members.filter((r) => !goesLeft(r))
        if (left.length === 0 || right.length === 0 || !allowed(left) || !allowed(right)) continue
        const gain = (score(left) + score(right) - score(members)) / 2
        if (gain > 1e-12 && (!best || gain > best.gain + 1e-12)) best = { gain, left, right }
      }
    }
  }
  return best
}

/** Leaf-wise growth without histograms, bins or subtraction: what the grower must agree with. */
function growByTrial(rows: Rows, recipe: TreesRecipe): { leaves: number[][]; gains: number[] } {
  const everyRow = Array.from(rows.weights.keys())
  const leaves = [{ members: everyRow, depth: 0, split: bestSplitByTrial(rows, everyRow, recipe) }]
  const gains: number[] = []
  while (leaves.length < recipe.maxLeaves) {
    const splittable = leaves.filter((leaf) => leaf.split && leaf.depth < recipe.maxDepth)
    if (splittable.length === 0) break
    const leaf = splittable.reduce((a, b) => (b.split!.gain > a.split!.gain ? b : a))
    gains.push(leaf.split!.gain)
    const children = [leaf.split!.left, leaf.split!.right].map((members) => ({
      members,
      depth: leaf.depth + 1,
      split: bestSplitByTrial(rows, members, recipe),
    }))
    leaves.splice(leaves.indexOf(leaf), 1, ...children)
  }
  return { leaves: leaves.map((leaf) => leaf.members), gains }
}

describe('a tree', () => {
  it.each([
    [1, { maxLeaves: 2, minChildWeight: 1, l2: 0, minChildHessian: 0 }],
    [2, { maxLeaves: 9, minChildWeight: 5, l2: 1, minChildHessian: 0.5 }],
    [3, { maxLeaves: 16, maxDepth: 3, minChildWeight: 3, l2: 0.1, minChildHessian: 0 }],
    [4, { maxLeaves: 30, minChildWeight: 2, l2: 5, minChildHessian: 0.2 }],
    [5, { maxLeaves: 64, minChildWeight: 20, l2: 0, minChildHessian: 0 }],
  ])('is the one that trying every split grows (seed %i, %j)', (seed, changes) => {
    const rows = randomRows(250, seed)
    const recipe = recipeWith(changes)
    const { tree, scores } = grow(rows, recipe)
    const expected = growByTrial(rows, recipe)
    const gains = tree.filter((node) => node.feature >= 0).map((node) => node.gain)
    expect(gains.length).toBe(expected.gains.length)
    const ascending = (values: number[]) => [...Float64Array.from(values).sort()]
    expect(ascending(gains)).toEqual(ascending(expected.gains).map((gain) => expect.closeTo(gain, 9)))
    for (const members of expected.leaves) {
      const gradient = members.reduce((sum, r) => sum + rows.gradients[r]!, 0)
      const hessian = members.reduce((sum, r) => sum + rows.hessians[r]!, 0)
      const value = (-gradient / (hessian + recipe.l2)) * recipe.learningRate
      for (const r of members) expect(scores[r]).toBeCloseTo(value, 7)
    }
  })

  it('makes no split whose gain is below the least, and none of noise', () => {
    const rows = randomRows(250, 6)
    const free = recipeWith({ maxLeaves: 30, minChildWeight: 2, l2: 1, minChildHessian: 0 })
    const least = grow(rows, free).tree.reduce((least, node) => (node.gain > 0 ? Math.min(least, node.gain) : least), 1)
    const { tree } = grow(rows, { ...free, minSplitGain: 1.5 * least })
    expect(tree.length).toBeGreaterThan(1)
    for (const node of tree) if (node.feature >= 0) expect(node.gain).toBeGreaterThanOrEqual(1.5 * least)
    const flat = { ...rows, gradients: rows.weights.map((w) => 0.1 * w), hessians: rows.weights }
    expect(grow(flat, { ...free, l2: 0 }).tree).toHaveLength(1)
  })

  it.each([2, 5, 21, 24])(
    'sends values never missing in a node to its heavier side when they are (seed %i)',
    (seed) => {
      const rows = randomRows(600, seed)
      // Sums of tenths leave crumbs when one histogram is taken from another; they are no missing values.
      const tenths = { ...rows, weights: rows.weights.map((_, r) => (1 + (r % 9)) / 10) }
      const { tree } = grow(tenths, recipeWith({ maxLeaves: 80, minChildWeight: 1, minChildHessian: 0, l2: 0.1 }))
      let checked = 0
      const visit = (at: number, members: readonly number[]) => {
        const node = tree[at]!
        if (node.feature < 0) return
        const column = rows.columns[node.feature]!
        const left = members.filter((r) => (Number.isNaN(column[r]!) ? node.missingLeft : column[r]! <= node.threshold))
        const right = members.filter((r) => !left.includes(r))
        const weigh = (over: readonly number[]) => over.reduce((sum, r) => sum + tenths.weights[r]!, 0)
        const margin = weigh(left) - weigh(right)
        if (!members.some((r) => Number.isNaN(column[r]!)) && Math.abs(margin) > 1e-9) {
          expect(node.missingLeft).toBe(margin > 0)
          checked += node.feature === 0 ? 0 : 1
        }
        visit(node.left, left)
        visit(node.right, right)
      }
      visit(0, Array.from(rows.weights.keys()))
      expect(checked).toBeGreaterThan(0)
    },
  )
})
