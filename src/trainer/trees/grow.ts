/**
 * Grows one tree, best leaf first, from gradient histograms. Only the smaller child of a split is counted row by row;
 * the larger is its parent less the smaller (the subtraction trick, Ke et al. 2017, "LightGBM", section 2).
 */
import type { TreesRecipe } from '../recipe.ts'
import type { BinnedRows } from './bins.ts'
import { LARGEST_FLOAT32 } from './learner.ts'

/** A tree as it was grown; children are positions in `nodes`. */
export interface GrownNode {
  /** Feature split on, or -1 for a leaf. */
  feature: number
  /** Last bin that goes left. */
  cut: number
  threshold: number
  missingLeft: boolean
  left: number
  right: number
  value: number
  gain: number
}

interface Leaf {
  readonly node: number
  readonly depth: number
  /** The leaf's rows are `order[start]` … `order[end - 1]`. */
  readonly start: number
  readonly end: number
  readonly gradient: number
  readonly hessian: number
  readonly weight: number
  histogram: Float64Array | undefined
  /** The best split found, if any is allowed: `gain` is 0 when not. */
  gain: number
  feature: number
  slot: number
  missingLeft: boolean
  leftGradient: number
  leftHessian: number
  leftWeight: number
}

export class TreeGrower {
  private readonly binned: BinnedRows
  private readonly recipe: TreesRecipe
  private readonly weights: Float64Array
  /** Below this a weight sum is what subtraction left behind, not rows. */
  private readonly noWeight: number
  private readonly order: Int32Array
  private readonly spare: Int32Array
  private readonly histograms: Float64Array[] = []

  constructor(binned: BinnedRows, weights: Float64Array, recipe: TreesRecipe) {
    this.binned = binned
    this.weights = weights
    this.recipe = recipe
    this.noWeight = 1e-12 * weights.reduce((a, b) => a + b, 0)
    this.order = new Int32Array(binned.rows)
    this.spare = new Int32Array(binned.rows)
  }

  /**
   * One tree on the rows `sample`, using only `features`. Adds each sampled row's leaf value to `scores`.
   *
   * @returns the nodes, root first; a single leaf when no split is allowed
   */
  grow(
    gradients: Float64Array,
    hessians: Float64Array,
    sample: Int32Array,
    features: Int32Array,
    scores: Float64Array,
  ): GrownNode[] {
    const { maxLeaves, maxDepth } = this.recipe
    this.order.set(sample)
    let gradient = 0
    let hessian = 0
    let weight = 0
    for (let i = 0; i < sample.length; i++) {
      const row = sample[i]!
      gradient += gradients[row]!
      hessian += hessians[row]!
      weight += this.weights[row]!
    }
    const nodes: GrownNode[] = [emptyNode()]
    const leaves: Leaf[] = [makeLeaf(0, 0, 0, sample.length, gradient, hessian, weight)]
    const root = leaves[0]!
    if (this.mayHoldASplit(root)) {
      root.histogram = this.takeHistogram()
      this.count(root, gradients, hessians, features)
      this.findSplit(root, features)
    }

    while (leaves.length < maxLeaves) {
      let best = 0
      for (let i = 1; i < leaves.length; i++) if (leaves[i]!.gain > leaves[best]!.gain) best = i
      const parent = leaves[best]!
      if (!(parent.gain > 0)) break
      const [left, right] = this.split(parent, nodes)
      leaves[best] = left
      leaves.push(right)

      const histogram = parent.histogram!
      parent.histogram = undefined
      const grows = leaves.length < maxLeaves && left.depth < maxDepth
      const smaller = left.end - left.start <= right.end - right.start ? left : right
      const larger = smaller === left ? right : left
      const splitSmaller = grows && this.mayHoldASplit(smaller)
      const splitLarger = grows && this.mayHoldASplit(larger)
      if (splitSmaller || splitLarger) {
        smaller.histogram = this.takeHistogram()
        this.count(smaller, gradients, hessians, features)
      }
      if (splitLarger) {
        larger.histogram = histogram
        subtract(histogram, smaller.histogram!)
        this.findSplit(larger, features)
      } else this.histograms.push(histogram)
      if (splitSmaller) this.findSplit(smaller, features)
    }

    for (const leaf of leaves) {
      const value = this.leafValue(leaf)
      nodes[leaf.node]!.value = value
      for (let i = leaf.start; i < leaf.end; i++) scores[this.order[i]!]! += value
      if (leaf.histogram) this.histograms.push(leaf.histogram)
    }
    return nodes
  }

  private mayHoldASplit(leaf: Leaf): boolean {
    const { minChildWeight, minChildHessian } = this.recipe
    return leaf.end - leaf.start > 1 && leaf.weight >= 2 * minChildWeight && leaf.hessian >= 2 * minChildHessian
  }

  private leafValue(leaf: Leaf): number {
    const { l2, learningRate } = this.recipe
    const curvature = leaf.hessian + l2
    return curvature > 0 ? Math.fround((-leaf.gradient / curvature) * learningRate) : 0
  }

  /** Cleared histogram of (gradient, hessian, weight) per slot. */
  private takeHistogram(): Float64Array {
    const reused = this.histograms.pop()
    return reused ? reused.fill(0) : new Float64Array(3 * this.binned.firstSlot[this.binned.features]!)
  }

  private count(leaf: Leaf, gradients: Float64Array, hessians: Float64Array, features: Int32Array): void {
    const { slots, features: width } = this.binned
    const { weights, order } = this
    const histogram = leaf.histogram!
    const used = features.length
    const all = used === width
    for (let i = leaf.start; i < leaf.end; i++) {
      const row = order[i]!
      const gradient = gradients[row]!
      const hessian = hessians[row]!
      const weight = weights[row]!
      const base = row * width
      if (all) {
        for (let f = base; f < base + width; f++) {
          const at = 3 * slots[f]!
          histogram[at]! += gradient
          histogram[at + 1]! += hessian
          histogram[at + 2]! += weight
        }
      } else {
        for (let f = 0; f < used; f++) {
          const at = 3 * slots[base + features[f]!]!
          histogram[at]! += gradient
          histogram[at + 1]! += hessian
          histogram[at + 2]! += weight
        }
      }
    }
  }

  /** Leaves the best allowed split of `leaf` in it, its gain above `minSplitGain`, or gain 0. */
  private findSplit(leaf: Leaf, features: Int32Array): void {
    const { l2, minChildWeight, minChildHessian, minSplitGain } = this.recipe
    const { firstSlot, hasMissing } = this.binned
    const histogram = leaf.histogram!
    const { gradient: allG, hessian: allH, weight: allW } = leaf
    const unsplit = (allG * allG) / (allH + l2)
    // Gains that are only rounding error would make splits, and their order, noise.
    let best = unsplit + Math.max(2 * minSplitGain, 1e-12 * unsplit)
    let found = false
    for (let i = 0; i < features.length; i++) {
      const feature = features[i]!
      const first = firstSlot[feature]!
      const missing = firstSlot[feature + 1]! - 1
      const someMissing = hasMissing[feature]! && histogram[3 * missing + 2]! > this.noWeight
      for (let side = 0; side < (someMissing ? 2 : 1); side++) {
        let leftG = side === 0 ? 0 : histogram[3 * missing]!
        let leftH = side === 0 ? 0 : histogram[3 * missing + 1]!
        let leftW = side === 0 ? 0 : histogram[3 * missing + 2]!
        // Missing values to the right: the last cut has every present value on the left.
        const end = someMissing && side === 0 ? missing : missing - 1
        for (let slot = first; slot < end; slot++) {
          const weight = histogram[3 * slot + 2]!
          if (weight === 0) continue
          leftG += histogram[3 * slot]!
          leftH += histogram[3 * slot + 1]!
          leftW += weight
          if (leftW < minChildWeight || leftH < minChildHessian) continue
          const rightH = allH - leftH
          if (allW - leftW < minChildWeight || rightH < minChildHessian) break
          const rightG = allG - leftG
          const score = (leftG * leftG) / (leftH + l2) + (rightG * rightG) / (rightH + l2)
          if (score > best) {
            best = score
            found = true
            leaf.feature = feature
            leaf.slot = slot
            leaf.missingLeft = side === 1
            leaf.leftGradient = leftG
            leaf.leftHessian = leftH
            leaf.leftWeight = leftW
          }
        }
      }
      // Where no value is missing, one that is missing later follows the larger side.
      if (found && leaf.feature === feature && !someMissing)
        leaf.missingLeft = leaf.leftWeight >= allW - leaf.leftWeight
    }
    leaf.gain = found ? (best - unsplit) / 2 : 0
  }

  /** Writes the split into the tree and parts the leaf's rows, each side keeping its order. */
  private split(parent: Leaf, nodes: GrownNode[]): [Leaf, Leaf] {
    const { firstSlot, bounds } = this.binned
    const { order, spare } = this
    const { feature, slot, missingLeft, depth } = parent
    const bins = this.binned.bins[feature]!
    const missing = firstSlot[feature + 1]! - 1 - firstSlot[feature]!
    const cut = slot - firstSlot[feature]!
    let lefts = parent.start
    let rights = 0
    for (let i = parent.start; i < parent.end; i++) {
      const row = order[i]!
      const bin = bins[row]!
      if (bin === missing ? missingLeft : bin <= cut) order[lefts++] = row
      else spare[rights++] = row
    }
    order.set(spare.subarray(0, rights), lefts)

    const node = nodes[parent.node]!
    node.feature = feature
    node.cut = cut
    node.threshold = cut === missing - 1 ? LARGEST_FLOAT32 : bounds[feature]![cut]!
    node.missingLeft = missingLeft
    node.gain = parent.gain
    node.left = nodes.push(emptyNode()) - 1
    node.right = nodes.push(emptyNode()) - 1
    return [
      makeLeaf(node.left, depth + 1, parent.start, lefts, parent.leftGradient, parent.leftHessian, parent.leftWeight),
      makeLeaf(
        node.right,
        depth + 1,
        lefts,
        parent.end,
        parent.gradient - parent.leftGradient,
        parent.hessian - parent.leftHessian,
        parent.weight - parent.leftWeight,
      ),
    ]
  }
}

function subtract(from: Float64Array, part: Float64Array): void {
  for (let i = 0; i < from.length; i++) from[i]! -= part[i]!
}

function emptyNode(): GrownNode {
  return { feature: -1, cut: 0, threshold: 0, missingLeft: false, left: -1, right: -1, value: 0, gain: 0 }
}

function makeLeaf(
  node: number,
  depth: number,
  start: number,
  end: number,
  gradient: number,
  hessian: number,
  weight: number,
): Leaf {
  return {
    node,
    depth,
    start,
    end,
    gradient,
    hessian,
    weight,
    histogram: undefined,
    gain: 0,
    feature: -1,
    slot: 0,
    missingLeft: false,
    leftGradient: 0,
    leftHessian: 0,
    leftWeight: 0,
  }
}
