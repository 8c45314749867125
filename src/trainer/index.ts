/** The embedded tabular trainer: pure functions from frames to models, and from models to answers. */
export { blend } from './blend.ts'
export * from './errors.ts'
export { fitModel } from './fit.ts'
export { type FeatureImportance, featureImportance } from './importance.ts'
export {
  type Feature,
  type Learner,
  type Member,
  outputCount,
  type Problem,
  type TabularModel,
  type Task,
} from './model.ts'
export { exportOnnx } from './onnx/export.ts'
export { type BoundInput, exportInFront } from './onnx/in-front.ts'
export { exportPreparation, preparedOutput } from './onnx/preparation.ts'
export { predict } from './predict.ts'
export { completeRecipe, type LinearRecipe, type Recipe, type RecipeInput, type TreesRecipe } from './recipe.ts'
export type { LabelledRows } from './rows.ts'
export { type Choice, DEFAULT_SPACE, type SearchSpace, sampleRecipes } from './search.ts'
