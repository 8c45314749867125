import type { Learner, TabularModel } from './model.ts'

export interface FeatureImportance {
  readonly name: string
  /** Share of the model's total; all shares add up to 1, or are all 0 when the model uses no feature. */
  readonly share: number
}

/**
 * How much the model leans on each feature, in the order of the features. A tree member counts the loss its splits on
 * the feature removed (total gain), a linear member |coefficient| × standard deviation; each member's figures are made
 * shares before they are weighted, since the two have different units.
 *
 * It describes the fit, not cause: of two correlated features one may get the share of both.
 */
export function featureImportance(model: TabularModel): FeatureImportance[] {
  const shares = new Float64Array(model.features.length)
  let used = 0
  for (const { weight, learner } of model.members) {
    const strengths = learner.kind === 'linear' ? learner.strengths : totalGains(learner, shares.length)
    const total = strengths.reduce((a, b) => a + b, 0)
    if (total === 0) continue
    used += weight
    strengths.forEach((strength, i) => {
      shares[i]! += (weight * strength) / total
    })
  }
  return model.features.map(({ name }, i) => ({ name, share: used === 0 ? 0 : shares[i]! / used }))
}

function totalGains(learner: Extract<Learner, { kind: 'boosted_trees' }>, features: number): number[] {
  const gains = new Array<number>(features).fill(0)
  learner.nodes.input.forEach((input, node) => {
    if (input >= 0) gains[learner.inputs[input]!.feature]! += learner.nodes.gain[node]!
  })
  return gains
}
