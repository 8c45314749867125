export {
  ModelExists,
  ModelUnknown,
  VersionNotCertifiable,
  VersionNotCertified,
  VersionNotPackaged,
  VersionPackagedAlready,
  VersionUnknown,
} from './errors.ts'
export { judgeGates } from './gates.ts'
export type { Signing } from './certification.ts'
export type { Deployment, DeploymentsOf } from './guard.ts'
export { registryMigrations } from './migrations.ts'
export { registerSucceededRuns } from './on-run-succeeded.ts'
export { openRegistry, type Registry } from './registry.ts'
export type { Candidate, Packaging } from './releases.ts'
export { mountRegistry } from './routes.ts'
export type { ModelCondition, ModelSearch, VersionCondition, VersionSearch } from './store/search.ts'
