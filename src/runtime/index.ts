export { type Bundle, type GraphPackage, isBundle, type PythonModel, writeBundle } from './bundle.ts'
export { graphSignature } from './graph/compose.ts'
export {
  ModelBroken,
  ModelBusy,
  ModelCrashed,
  ModelFailed,
  ModelResting,
  ModelTimedOut,
  RecordInvalid,
  RecordsNotTaken,
  TensorInvalid,
} from './errors.ts'
export { createModelMemory, type ModelMemory, type ResidentModel } from './memory.ts'
export { outputNameOf } from './misfit.ts'
export { type LoadedModel, type LoadOptions, loadModel, type PartScores } from './model.ts'
export { pixelFeeds } from './picture-feeds.ts'
export {
  type EncodedRows,
  encodeFrame,
  encodeRecords,
  type FeatureColumn,
  PICTURE,
  type PredictionRecord,
  RowBuffer,
  type SeenPicture,
} from './records.ts'
export { ARRAYS, elementsOf, type NumberData, type NumericDatatype, type Tensor, type Tensors } from './tensor.ts'
export { openTensorModel } from './open-model.ts'
export type { OpenOptions, Placement, PythonEnvironments } from './open-options.ts'
export { PYTHON_SERVER } from './process/open-python.ts'
export type { ProcessEvent, ProcessLimits } from './process/isolated-model.ts'
export type { ModelFile, TensorModel } from './tensor-model.ts'
