export { datasetTag, modelInputTag, modelOutputTag } from './mlflow/linked.contract.ts'
