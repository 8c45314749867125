import type { Feature, Task } from '../model.ts'
import { sampleIndices, seededRandom } from '../random.ts'
import type { TreesRecipe } from '../recipe.ts'
import type { FitRows } from '../rows.ts'
import { type BinnedRows, binRows } from './bins.ts'
import { chooseInputs, encode } from './encode.ts'
import { type GrownNode, TreeGrower } from './grow.ts'
import type { TreeNodes, TreesLearner } from './learner.ts'
import { lossOf } from './loss.ts'
import { addTree } from './score.ts'

/**
 * Boosting: each round adds one tree per output that follows the loss downhill. With `validation` rows, rounds after
 * the one with the least validation loss are dropped.
 */
export function fitTrees(
  task: Task,
  outputs: number,
  features: readonly Feature[],
  recipe: TreesRecipe,
  train: FitRows,
  validation?: FitRows,
): TreesLearner {
  const { target, weights } = train
  const rows = target.length
  const inputs = chooseInputs(features, train.columns, outcomes(task, outputs, target), weights, recipe)
  const binned = binRows(encode(inputs, train.columns), weights, recipe.maxBins)
  const grower = new TreeGrower(binned, weights, recipe)
  const loss = lossOf(task, outputs)
  const random = seededRandom(recipe.seed)
  const base = loss.base(target, weights)
  const scores = startScores(base, rows)
  const gradients = new Float64Array(rows)
  const hessians = new Float64Array(rows)
  const forest = new Forest()
  const watcher = validation && new ValidationWatcher(inputs, base, validation)

  const sampledRows = Math.max(1, Math.round(recipe.rowFraction * rows))
  const sampledFeatures = Math.max(1, Math.round(recipe.columnFraction * features.length))
  const sampling = sampledRows < rows || sampledFeatures < features.length
  let bestLoss = watcher ? watcher.loss(loss) : Number.NaN
  let bestTrees = 0
  let bestRound = -1

  for (let round = 0; round < recipe.trees; round++) {
    loss.begin(scores)
    let split = false
    for (let k = 0; k < outputs; k++) {
      loss.derivatives(k, scores, target, weights, gradients, hessians)
      const sample = sampleIndices(random, rows, sampledRows)
      const use = sampleIndices(random, features.length, sampledFeatures)
      const own = scores.subarray(k * rows, (k + 1) * rows)
      const tree = grower.grow(gradients, hessians, sample, use, own)
      if (tree.length === 1) continue
      split = true
      if (sampledRows < rows) addToOthers(tree, binned, sample, own)
      const root = forest.add(tree, k)
      watcher?.add(forest.nodes, root, k)
    }
    // Without sampling the next round would meet the very same gradients.
    if (!split && !sampling) break
    if (!watcher) continue
    const now = watcher.loss(loss)
    if (now < bestLoss) {
      bestLoss = now
      bestTrees = forest.roots.length
      bestRound = round
    } else if (round - bestRound >= recipe.patience) break
  }
  if (watcher) forest.keep(bestTrees)
  return {
    kind: 'boosted_trees',
    outputs,
    base,
    inputs,
    roots: forest.roots,
    rootOutputs: forest.rootOutputs,
    nodes: forest.nodes,
  }
}

/** What categories are put in order by: the value, or one indicator per class (the positive one of two). */
function outcomes(task: Task, outputs: number, target: Float64Array): Float64Array[] {
  if (task !== 'multiclass') return [target]
  return Array.from({ length: outputs }, (_, k) => target.map((y) => (y === k ? 1 : 0)))
}

function startScores(base: readonly number[], rows: number): Float64Array {
  const scores = new Float64Array(base.length * rows)
  base.forEach((value, k) => {
    scores.fill(value, k * rows, (k + 1) * rows)
  })
  return scores
}

/** Adds a tree's values to the rows that were not in its sample (those that were got theirs while it grew). */
function addToOthers(tree: readonly GrownNode[], binned: BinnedRows, sample: Int32Array, scores: Float64Array): void {
  let next = 0
  for (let row = 0; row < scores.length; row++) {
    if (sample[next] === row) {
      next++
      continue
    }
    let node = tree[0]!
    while (node.feature >= 0) {
      const bin = binned.bins[node.feature]![row]!
      const missing = bin === binned.bounds[node.feature]!.length
      node = tree[(missing ? node.missingLeft : bin <= node.cut) ? node.left : node.right]!
    }
    scores[row]! += node.value
  }
}

/** The trees grown so far, in the model's layout. */
class Forest {
  readonly roots: number[] = []
  readonly rootOutputs: number[] = []
  readonly nodes = {
    input: [] as number[],
    threshold: [] as number[],
    missingLeft: [] as number[],
    left: [] as number[],
    right: [] as number[],
    value: [] as number[],
    gain: [] as number[],
  } satisfies TreeNodes

  add(tree: readonly GrownNode[], output: number): number {
    const { input, threshold, missingLeft, left, right, value, gain } = this.nodes
    const root = input.length
    for (const node of tree) {
      const leaf = node.feature < 0
      input.push(node.feature)
      threshold.push(node.threshold)
      missingLeft.push(node.missingLeft ? 1 : 0)
      left.push(leaf ? -1 : root + node.left)
      right.push(leaf ? -1 : root + node.right)
      value.push(leaf ? node.value : 0)
      gain.push(node.gain)
    }
    this.roots.push(root)
    this.rootOutputs.push(output)
    return root
  }

  /** Drops all trees but the first `count`. */
  keep(count: number): void {
    const end = this.roots[count] ?? this.nodes.input.length
    for (const array of Object.values(this.nodes)) array.length = end
    this.roots.length = count
    this.rootOutputs.length = count
  }
}

/** The validation rows' scores as trees are added. */
class ValidationWatcher {
  private readonly encoded: Float32Array[]
  private readonly rows: FitRows
  private readonly scores: Float64Array

  constructor(inputs: TreesLearner['inputs'], base: readonly number[], rows: FitRows) {
    this.encoded = encode(inputs, rows.columns)
    this.rows = rows
    this.scores = startScores(base, rows.target.length)
  }

  add(nodes: TreeNodes, root: number, output: number): void {
    const count = this.rows.target.length
    addTree(nodes, root, this.encoded, this.scores.subarray(output * count, (output + 1) * count))
  }

  loss(loss: ReturnType<typeof lossOf>): number {
    return loss.mean(this.scores, this.rows.target, this.rows.weights)
  }
}
