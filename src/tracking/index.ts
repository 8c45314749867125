export { trackingMigrations } from './migrations.ts'
export { mountTracking } from './routes.ts'
export { openTracking, type FinishedRun, type Tracking } from './tracking.ts'
