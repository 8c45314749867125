import type { Preparation } from '#preparation'
import { CannotExport } from '../errors.ts'
import type { TabularModel } from '../model.ts'
import { GraphBuilder } from './graph.ts'
import { FLOAT, type SharedInputs, shareInputs } from './inputs.ts'
import { linearGraph } from './linear.ts'
import { preparationGraph } from './preparation.ts'
import { treesGraph } from './trees.ts'

/** Names of the graph's outputs. */
const OUTPUTS = { probabilities: 'probabilities', label: 'label', prediction: 'prediction' } as const

/**
 * The model as one ONNX graph, preprocessing and blend included, that answers as `predict` does. With a preparation its inputs
 * are the raw columns, and the features are computed from them inside.
 *
 * Inputs, one per feature and named after it, each of shape [rows, 1]: float for a number (`NaN` = missing), string for
 * a category (empty = missing). Outputs of a classification: `probabilities` float [rows, classes] and `label` string
 * [rows], the class of the largest probability (the earlier one on a tie). Output of a regression: `prediction` float
 * [rows, 1]. `metadata_props` has `producer`, `task`, `signature` (JSON: inputs and classes) and what `metadata` adds.
 *
 * Inside, everything is double: the answers differ from `predict` by the rounding of trees' sums and of outputs to float.
 *
 * @throws CannotExport when a feature has no name or that of an output
 */
export function exportOnnx(
  model: TabularModel,
  metadata: Readonly<Record<string, string>> = {},
  preparation?: Preparation,
): Uint8Array {
  const names = (preparation?.inputs ?? model.features).map((input) => input.name)
  const outputs = model.task === 'regression' ? [OUTPUTS.prediction] : [OUTPUTS.probabilities, OUTPUTS.label]
  for (const name of names) {
    if (name === '') throw new CannotExport('a feature has an empty name')
    if (outputs.some((output) => output === name))
      throw new CannotExport(`a feature is called "${name}", as an output is`)
  }
  const graph = new GraphBuilder([...names, ...outputs])
  const inputs = shareInputs(graph, model, preparation && preparationGraph(graph, preparation))
  const answer = blended(graph, model, inputs)
  if (model.task === 'regression') {
    graph.node('Cast', [answer], { to: FLOAT }, OUTPUTS.prediction)
    graph.output(OUTPUTS.prediction, 'float', [1])
  } else {
    const classes = model.classes!
    const all = model.task === 'binary' ? bothClasses(graph, answer) : answer
    const probabilities = graph.node('Cast', [all], { to: FLOAT }, OUTPUTS.probabilities)
    graph.output(OUTPUTS.probabilities, 'float', [classes.length])
    const largest = graph.node('ArgMax', [probabilities], { axis: 1, keepdims: 0 })
    graph.node('Gather', [graph.texts(classes), largest], { axis: 0 }, OUTPUTS.label)
    graph.output(OUTPUTS.label, 'string', [])
  }
  return graph.finish('orrery', {
    ...metadata,
    producer: 'orrery',
    task: model.task,
    ...(preparation && { preparation: JSON.stringify(preparation) }),
    signature: JSON.stringify({
      features: inputsOf(model, preparation),
      ...(model.classes ? { classes: model.classes } : {}),
    }),
  })
}

/** Double [rows, outputs]: the members' answers, weighted. */
function blended(graph: GraphBuilder, model: TabularModel, inputs: SharedInputs): string {
  const answers = model.members.map(({ weight, learner }) => {
    const scores = learner.kind === 'linear' ? linearGraph(graph, learner, inputs) : treesGraph(graph, learner, inputs)
    const answer =
      model.task === 'regression'
        ? scores
        : model.task === 'binary'
          ? graph.node('Sigmoid', [scores])
          : graph.node('Softmax', [scores], { axis: 1 })
    return weight === 1 ? answer : graph.node('Mul', [answer, graph.doubles([weight], [1, 1])])
  })
  return answers.length > 1 ? graph.node('Sum', answers) : answers[0]!
}

function bothClasses(graph: GraphBuilder, positive: string): string {
  const negative = graph.node('Sub', [graph.doubles([1], [1, 1]), positive])
  return graph.node('Concat', [negative, positive], { axis: 1 })
}

function inputsOf(model: TabularModel, preparation: Preparation | undefined): TabularModel['features'] {
  if (!preparation) return model.features
  return preparation.inputs.map(({ name, kind }) =>
    kind === 'number' ? { name, kind: 'numeric' } : { name, kind: 'categorical', categories: [] },
  )
}
