export {
  INPUT_DATASET,
  INPUT_MODEL,
  OUTPUT_MODEL,
  datasetTag,
  modelInputTag,
  modelOutputTag,
} from './mlflow/linked.contract.ts'
