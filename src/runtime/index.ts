export { ModelBroken, ModelFailed, RecordInvalid } from './errors.ts'
export { type Feeds, type LoadedModel, loadModel } from './model.ts'
export {
  type EncodedRows,
  encodeFrame,
  encodeRecords,
  type FeatureColumn,
  type PredictionRecord,
  RowBuffer,
} from './records.ts'
