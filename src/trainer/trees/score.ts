import type { Column } from '#platform/table'
import { encode } from './encode.ts'
import type { TreeNodes, TreesLearner } from './learner.ts'

/** Raw scores, output-major: `scores[output * rows + row]`. */
export function treeScores(learner: TreesLearner, columns: readonly Column[], rows: number): Float64Array {
  const encoded = encode(learner.inputs, columns)
  const scores = new Float64Array(rows * learner.outputs)
  for (let k = 0; k < learner.outputs; k++) scores.fill(learner.base[k]!, k * rows, (k + 1) * rows)
  learner.roots.forEach((root, t) => {
    const first = learner.rootOutputs[t]! * rows
    addTree(learner.nodes, root, encoded, scores.subarray(first, first + rows))
  })
  return scores
}

/** Adds one tree's value to each row's score. */
export function addTree(nodes: TreeNodes, root: number, encoded: readonly Float32Array[], scores: Float64Array): void {
  const { input, threshold, missingLeft, left, right, value } = nodes
  for (let r = 0; r < scores.length; r++) {
    let node = root
    for (let on = input[node]!; on >= 0; on = input[node]!) {
      const x = encoded[on]![r]!
      node = (Number.isNaN(x) ? missingLeft[node] === 1 : x <= threshold[node]!) ? left[node]! : right[node]!
    }
    scores[r]! += value[node]!
  }
}
