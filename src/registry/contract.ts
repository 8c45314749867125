export { FeatureSpec, Signature } from '#runtime/contract'
export * from './entities.contract.ts'
export { registryRoutes } from './routes.contract.ts'
