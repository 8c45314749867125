export * from './errors.ts'
export { type Features, openFeatures } from './features.ts'
export { featureMigrations } from './migrations.ts'
export { mountFeatures } from './routes.ts'
