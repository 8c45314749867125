import { CannotBlend } from './errors.ts'
import type { Feature, TabularModel } from './model.ts'

/**
 * One model whose answer is the weighted mean of the models' answers (probabilities, or values of a regression).
 * A model of weight 0 is left out; weights need not add up to 1. Blends of blends are flat.
 */
export function blend(models: readonly TabularModel[], weights: readonly number[]): TabularModel {
  const first = models[0]
  if (!first || weights.length !== models.length)
    throw new CannotBlend(`${models.length} models and ${weights.length} weights`)
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  if (!weights.every((weight) => weight >= 0) || !(total > 0 && total < Infinity))
    throw new CannotBlend(`the weights are ${weights.join(', ')}`)
  for (const model of models) refuseOther(first, model)
  return {
    ...first,
    features: first.features.map((feature, i) => withAllCategories(feature, models, i)),
    members: models.flatMap((model, i) =>
      weights[i] === 0 ? [] : model.members.map((one) => ({ ...one, weight: (one.weight * weights[i]!) / total })),
    ),
  }
}

function refuseOther(first: TabularModel, other: TabularModel): void {
  const question = (model: TabularModel) =>
    JSON.stringify([model.task, model.classes, model.features.map(({ name, kind }) => [name, kind])])
  if (question(first) !== question(other))
    throw new CannotBlend('the models differ in task, classes, or the names, kinds or order of features')
}

function withAllCategories(feature: Feature, models: readonly TabularModel[], index: number): Feature {
  if (feature.kind === 'numeric') return feature
  const all = models.flatMap(({ features }) => (features[index] as typeof feature).categories)
  return { ...feature, categories: [...new Set(all)] }
}
