export { type BatchRoom, openBatch } from './batch.ts'
export * from './errors.ts'
export { batchMigrations } from './migrations.ts'
export { mountBatch } from './routes.ts'
