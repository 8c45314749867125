export { type JobContext, type JobDefinition, type Jobs, openJobs } from './jobs.ts'
export { jobMigrations } from './migrations.ts'
export type { Job, JobError, JobProgress, JobState, JobStep } from './store.ts'
