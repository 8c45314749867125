import type { Tx } from '#platform/storage'
import { ModelInUse, SetByRollouts, VersionInUse } from './errors.ts'

/** An endpoint that a model answers at. */
export interface Deployment {
  readonly endpoint: string
  /** Versions that serve there, have served, or are on their way. */
  readonly versions: readonly number[]
}

/** What later rooms say about a model: asked in the transaction that would change it, so that nothing comes between. */
export type DeploymentsOf = (tx: Tx, model: string) => Promise<readonly Deployment[]>

/** Where `champion` and `previous` say what an endpoint answers with. */
const ROLLED_OUT: readonly string[] = ['champion', 'previous']

/** Of a model that an endpoint serves: what people and other registries say about it changes nothing of these. */
export const isSetByRollouts = (deployments: readonly Deployment[], alias: string) =>
  deployments.length > 0 && ROLLED_OUT.includes(alias)

/** @throws SetByRollouts */
export function checkAliasFree(deployments: readonly Deployment[], model: string, alias: string): void {
  if (isSetByRollouts(deployments, alias))
    throw new SetByRollouts(`The alias "${alias}"`, model, endpointsOf(deployments))
}

/** @throws SetByRollouts */
export function checkProductionFree(deployments: readonly Deployment[], model: string): void {
  if (deployments.length > 0) throw new SetByRollouts('The stage Production', model, endpointsOf(deployments))
}

/** @throws VersionInUse */
export function checkVersionFree(deployments: readonly Deployment[], model: string, version: number): void {
  const used = deployments.find(({ versions }) => versions.includes(version))
  if (used) throw new VersionInUse(model, version, used.endpoint)
}

/** @throws ModelInUse */
export function checkModelFree(deployments: readonly Deployment[], model: string, what: 'deleted' | 'renamed'): void {
  if (deployments.length > 0) throw new ModelInUse(model, endpointsOf(deployments), what)
}

const endpointsOf = (deployments: readonly Deployment[]) => deployments.map(({ endpoint }) => endpoint)
