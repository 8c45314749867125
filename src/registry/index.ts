export { VersionNotCertified, VersionUnknown } from './errors.ts'
export { registryMigrations } from './migrations.ts'
export { type Candidate, openRegistry, type Registry } from './registry.ts'
export { mountRegistry } from './routes.ts'
