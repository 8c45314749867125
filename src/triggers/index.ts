export { triggerMigrations } from './migrations.ts'
export { mountTriggers } from './routes.ts'
export { openTriggers, type StartPipeline, type TriggerNeeds, type Triggers } from './triggers.ts'
