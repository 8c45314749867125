import { LARGEST_FLOAT32, type TreeNodes, type TreesLearner } from '../trees/learner.ts'
import type { GraphBuilder } from './graph.ts'
import { DOUBLE, type SharedInputs, sideBySide } from './inputs.ts'

/** Adds a boosted ensemble. @returns its raw scores, double [rows, outputs] */
export function treesGraph(graph: GraphBuilder, learner: TreesLearner, inputs: SharedInputs): string {
  const parts: string[] = []
  if (inputs.doubles) parts.push(inputs.doubles)
  if (inputs.words)
    parts.push(
      graph.node('Gather', [graph.doubles(orderTable(learner, inputs), [inputs.vocabularySize]), inputs.words]),
    )
  const encoded = sideBySide(graph, parts)!
  const column = learner.inputs.map(({ kind, feature }) =>
    kind === 'numeric' ? inputs.place[feature]! : inputs.numericCount + inputs.place[feature]!,
  )
  // Double inputs make the runtime add up leaves in double; it still gives the sum as float.
  const scores = graph.node('TreeEnsembleRegressor', [encoded], {
    n_targets: learner.outputs,
    aggregate_function: 'SUM',
    post_transform: 'NONE',
    ...ensembleAttributes(learner, column),
  })
  // Not the operator's own base values: the runtime leaves them out for an output that no tree adds to.
  return graph.node('Add', [
    graph.node('Cast', [scores], { to: DOUBLE }),
    graph.doubles(learner.base, [1, learner.outputs]),
  ])
}

/** Position of each word in its feature's order; `NaN`, a missing value, for a category the learner does not know. */
function orderTable(learner: TreesLearner, inputs: SharedInputs): number[] {
  const table = new Array<number>(inputs.vocabularySize).fill(Number.NaN)
  for (const input of learner.inputs) {
    if (input.kind !== 'ordered') continue
    const { numberOf } = inputs.vocabulary.get(input.feature)!
    input.order.forEach((text, position) => {
      table[numberOf.get(text)!] = position
    })
  }
  return table
}

function ensembleAttributes(learner: TreesLearner, column: readonly number[]) {
  const { nodes, roots, rootOutputs } = withoutEmptyForest(learner)
  const treeIds: number[] = []
  const nodeIds: number[] = []
  const leaves: { tree: number; node: number; output: number; value: number }[] = []
  roots.forEach((root, tree) => {
    const end = roots[tree + 1] ?? nodes.input.length
    for (let at = root; at < end; at++) {
      treeIds.push(tree)
      nodeIds.push(at - root)
      if (nodes.input[at]! < 0)
        leaves.push({ tree, node: at - root, output: rootOutputs[tree]!, value: nodes.value[at]! })
    }
  })
  const rootOf = (at: number) => roots[treeIds[at]!]!
  const child = (to: readonly number[]) => to.map((node, at) => (node < 0 ? 0 : node - rootOf(at)))
  return {
    nodes_treeids: { ints: treeIds },
    nodes_nodeids: { ints: nodeIds },
    nodes_featureids: { ints: nodes.input.map((input) => (input < 0 ? 0 : column[input]!)) },
    nodes_modes: { strings: nodes.input.map((input) => (input < 0 ? 'LEAF' : 'BRANCH_LEQ')) },
    // JSON has no infinity: the largest float32 stands for it, and an infinite input must pass it, too.
    nodes_values_as_tensor: { doubles: nodes.threshold.map((t) => (t >= LARGEST_FLOAT32 ? Infinity : t)) },
    nodes_truenodeids: { ints: child(nodes.left) },
    nodes_falsenodeids: { ints: child(nodes.right) },
    nodes_missing_value_tracks_true: { ints: nodes.missingLeft },
    target_treeids: { ints: leaves.map((leaf) => leaf.tree) },
    target_nodeids: { ints: leaves.map((leaf) => leaf.node) },
    target_ids: { ints: leaves.map((leaf) => leaf.output) },
    target_weights_as_tensor: { doubles: leaves.map((leaf) => leaf.value) },
  }
}

/** The operator needs a tree: one leaf that adds nothing, when no split was worth making. */
function withoutEmptyForest(learner: TreesLearner): Pick<TreesLearner, 'nodes' | 'roots' | 'rootOutputs'> {
  if (learner.roots.length > 0) return learner
  const nodes: TreeNodes = {
    input: [-1],
    threshold: [0],
    missingLeft: [0],
    left: [-1],
    right: [-1],
    value: [0],
    gain: [0],
  }
  return { nodes, roots: [0], rootOutputs: [0] }
}
