import { CLIP, type LinearLearner } from '../linear/learner.ts'
import type { GraphBuilder } from './graph.ts'
import { DOUBLE, type SharedInputs } from './inputs.ts'

/** Adds a linear learner. @returns its raw scores, double [rows, outputs] */
export function linearGraph(graph: GraphBuilder, learner: LinearLearner, inputs: SharedInputs): string {
  const { outputs } = learner
  const parts = [graph.doubles(learner.intercepts, [1, outputs])]
  if (inputs.doubles) parts.push(...numericScores(graph, learner, inputs, inputs.doubles))
  if (inputs.words) {
    const table = graph.doubles(categoryTable(learner, inputs), [inputs.vocabularySize, outputs])
    const perFeature = graph.node('Gather', [table, inputs.words], { axis: 0 })
    parts.push(graph.node('ReduceSum', [perFeature, graph.integers([1])], { keepdims: 0 }))
  }
  return graph.node('Sum', parts)
}

function numericScores(graph: GraphBuilder, learner: LinearLearner, inputs: SharedInputs, doubles: string): string[] {
  const { numeric, outputs } = learner
  const scores: string[] = []
  const missing = graph.node('IsNaN', [inputs.floats!])
  // A constant has no scale: an infinite input times 0 would be NaN, so it is left out instead.
  const varying = numeric.filter((one) => one.scale !== 0)
  if (varying.length > 0) {
    const row = (of: (one: (typeof varying)[number]) => number) => graph.doubles(varying.map(of), [1, varying.length])
    const pick = (all: string) =>
      varying.length === numeric.length
        ? all
        : graph.node('Gather', [all, graph.integers(varying.map((one) => inputs.place[one.feature]!))], { axis: 1 })
    const filled = graph.node('Where', [pick(missing), row((one) => one.fill), pick(doubles)])
    const centred = graph.node('Sub', [filled, row((one) => one.mean)])
    const scaled = graph.node('Mul', [centred, row((one) => one.scale)])
    const clipped = graph.node('Clip', [scaled, graph.doubles([-CLIP], []), graph.doubles([CLIP], [])])
    const coefficients = graph.doubles(
      varying.flatMap((one) => one.coefficients),
      [varying.length, outputs],
    )
    scores.push(graph.node('MatMul', [clipped, coefficients]))
  }
  // Also where nothing varies and nothing was ever missing: the scores must have as many rows as the inputs.
  if (varying.length === 0 || numeric.some((one) => one.missing.some((value) => value !== 0))) {
    const flags = graph.node('Cast', [missing], { to: DOUBLE })
    const coefficients = graph.doubles(
      numeric.flatMap((one) => one.missing),
      [numeric.length, outputs],
    )
    scores.push(graph.node('MatMul', [flags, coefficients]))
  }
  return scores
}

/** What each word adds to each output: vocabulary × outputs; zeros for a category the learner does not know. */
function categoryTable(learner: LinearLearner, inputs: SharedInputs): number[] {
  const { outputs } = learner
  const table = new Array<number>(inputs.vocabularySize * outputs).fill(0)
  for (const { feature, levels, coefficients, missing } of learner.categorical) {
    const words = inputs.vocabulary.get(feature)!
    for (let k = 0; k < outputs; k++) {
      table[words.missing * outputs + k] = missing[k]!
      levels.forEach((level, i) => {
        table[words.numberOf.get(level)! * outputs + k] = coefficients[i * outputs + k]!
      })
    }
  }
  return table
}
