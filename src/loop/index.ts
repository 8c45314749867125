export type { LoopNeeds } from './facts.ts'
export { overviewOf } from './overview.ts'
export { mountLoop } from './routes.ts'
