export { explainPrediction } from './explain.ts'
export { mountGovernance } from './routes.ts'
export { type TraceNeeds, tracePrediction } from './trace.ts'
