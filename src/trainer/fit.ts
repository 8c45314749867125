import { EmptyTraining } from './errors.ts'
import { fitLinear } from './linear/fit.ts'
import { outputCount, type Problem, type TabularModel } from './model.ts'
import { completeRecipe, type RecipeInput } from './recipe.ts'
import { type LabelledRows, refuseOneClass, usableRows } from './rows.ts'
import { featuresOf } from './signature.ts'
import { fitTrees } from './trees/fit.ts'

/**
 * Fits one recipe. Everything learned (bins, category order, means, medians) comes from `train` alone; `validation`
 * only decides how many trees are kept. The same input gives the same model, bit for bit.
 *
 * @throws OneClass, EmptyTraining, BadTarget, BadWeights, BadRecipe, FrameMismatch
 */
export function fitModel(
  problem: Problem,
  recipe: RecipeInput,
  train: LabelledRows,
  validation?: LabelledRows,
): TabularModel {
  const complete = completeRecipe(recipe)
  const features = featuresOf(train.frame)
  if (features.length === 0) throw new EmptyTraining('the training frame has no columns')
  const header = {
    format: 'orrery.tabular/1' as const,
    task: problem.task,
    ...(problem.task === 'regression' ? {} : { classes: [...problem.classes] }),
    features,
  }
  const outputs = outputCount(header)
  const rows = usableRows(problem, features, train)
  if (!rows) throw new EmptyTraining('there is no training row with a weight above 0')
  refuseOneClass(problem, rows)
  const learner =
    complete.learner === 'logistic'
      ? fitLinear(problem.task, outputs, features, complete, rows)
      : fitTrees(
          problem.task,
          outputs,
          features,
          complete,
          rows,
          validation && usableRows(problem, features, validation),
        )
  return { ...header, members: [{ weight: 1, learner }] }
}
