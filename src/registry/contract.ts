export { FeatureSpec, Signature } from '#runtime/contract'
export * from './certificate.contract.ts'
export * from './entities.contract.ts'
export {
  type ImportedHere as ImportedModelHere,
  type ImportedModel,
  type ImportedVersion,
  registryImportRoutes,
} from './imports.contract.ts'
export { registryRoutes } from './routes.contract.ts'
