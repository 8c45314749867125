export { type Bundle, type PythonModel, writeBundle } from './bundle.ts'
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
export { createModelMemory, type ModelMemory } from './memory.ts'
export { outputNameOf } from './misfit.ts'
export { type LoadedModel, type LoadOptions, loadModel } from './model.ts'
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
export { type OpenOptions, openTensorModel, type Placement } from './open-model.ts'
export { PYTHON_SERVER, type PythonEnvironments } from './process/open-python.ts'
export type { ProcessEvent, ProcessLimits } from './process/isolated-model.ts'
export type { ModelFile, TensorModel } from './tensor-model.ts'
