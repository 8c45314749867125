export { type LoadedModel, loadModel } from '../serving/model.ts'
