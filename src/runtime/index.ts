export { ModelBroken, ModelFailed, RecordInvalid, RecordsNotTaken, TensorInvalid } from './errors.ts'
export { outputNameOf } from './misfit.ts'
export { type LoadedModel, loadModel } from './model.ts'
export {
  type EncodedRows,
  encodeFrame,
  encodeRecords,
  type FeatureColumn,
  type PredictionRecord,
  RowBuffer,
} from './records.ts'
export { ARRAYS, elementsOf, type NumberData, type NumericDatatype, type Tensor, type Tensors } from './tensor.ts'
export { openTensorModel, type TensorModel } from './tensor-model.ts'
