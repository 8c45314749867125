export { type LoopNeeds, overviewOf } from './overview.ts'
export { mountLoop } from './routes.ts'
