export { packagingMigrations } from './migrations.ts'
export { packageTaggedVersions } from './on-logged.ts'
export { openPackaging, type PackagingRoom } from './packaging.ts'
export { mountPackaging } from './routes.ts'
