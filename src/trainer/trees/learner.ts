/** A boosted ensemble as plain data. Node arrays run over all trees; children are positions in those arrays. */
export interface TreesLearner {
  readonly kind: 'boosted_trees'
  /** Raw scores per row: classes of a multiclass model, otherwise 1. */
  readonly outputs: number
  /** Score of each output before the first tree. */
  readonly base: readonly number[]
  readonly inputs: readonly TreeInput[]
  /** Position of each tree's first node, and the output it adds to. */
  readonly roots: readonly number[]
  readonly rootOutputs: readonly number[]
  readonly nodes: TreeNodes
}

export interface TreeNodes {
  /** Position in `inputs`, or -1 for a leaf. */
  readonly input: readonly number[]
  /** Left when the encoded value <= threshold; a float32 number, so float inputs split in the very same places. */
  readonly threshold: readonly number[]
  /** 1 when a missing value goes left. */
  readonly missingLeft: readonly number[]
  readonly left: readonly number[]
  readonly right: readonly number[]
  /** What a leaf adds to the score (learning rate included; a float32 number), 0 for a split. */
  readonly value: readonly number[]
  /** How much a split lowered the training loss, 0 for a leaf. */
  readonly gain: readonly number[]
}

/** How a tree sees a feature of the model: as the number itself, or as the position of its category in `order`. */
export type TreeInput =
  | { readonly kind: 'numeric'; readonly feature: number }
  | { readonly kind: 'ordered'; readonly feature: number; readonly order: readonly string[] }

/** Thresholds at or above this one let every present value pass to the left. */
export const LARGEST_FLOAT32 = 3.4028234663852886e38
