export { mountMlflow } from './mlflow/index.ts'
