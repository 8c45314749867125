export type { AnsweringEndpoint } from './answering.ts'
export type { EndpointSource, LogPolicy, ServedEndpoint } from './endpoint-source.ts'
export * from './errors.ts'
export type { FeedbackReply, Label } from './feedback.ts'
export type { PredictReply, PredictRequest } from './gateway.ts'
export { keepRetention } from './hourly-retention.ts'
export { servingMigrations } from './migrations.ts'
export { checkStagedVersions } from './on-staging.ts'
export type { LabelledPrediction, LabelledRow, PredictionReads, PredictionWindow } from './reads.ts'
export {
  checkRelease,
  DEFAULT_RELEASE_LIMITS,
  type ReleaseCheckResult,
  type ReleaseLimits,
  type ReleaseReport,
  type ReleaseRequests,
} from './release-check.ts'
export type { RecentStats } from './recent.ts'
export { mountServing } from './routes.ts'
export { openServing, type Serving, type ServingStatus } from './serving.ts'
export type { StoredPrediction } from './store.ts'
export type { LogHint } from './write-predictions.ts'
