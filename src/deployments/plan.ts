import type { ProjectSpec } from '#projects'
import { AT_ONCE, type StrategyPlan, strategyPlan } from './strategy.ts'

/** How an endpoint is deployed: the `deploy` block of a project file, as this room needs it. */
export interface DeploymentPlan extends StrategyPlan {
  environment: string
  /** Environments that a version passes through before, in order. */
  before: readonly string[]
  committee: number
  keep: number
  reference: boolean
}

/** Outside of any project, the environment that only certified versions reach. */
export const GUARDED = 'production'

/** Who signs where no project file says who. */
const CERTIFIER = 'qa'

/** Whether roll-outs decide what an endpoint answers with: not where anything may be tried out. */
export const isGuarded = ({ project, environment }: { project: string | null; environment: string }) =>
  project !== null || environment === GUARDED

/** How an endpoint outside of any project is deployed: a version that is signed replaces the one before at once. */
export const planOutside = (environment: string): DeploymentPlan => ({
  environment,
  before: [],
  ...AT_ONCE,
  committee: 1,
  keep: 2,
  reference: false,
})

/** The `deploy` block of a project file as this room needs it; an endpoint the file no longer names keeps to defaults. */
export function deploymentPlan(spec: ProjectSpec, endpoint: string): DeploymentPlan {
  const deploy = spec.deploy[endpoint]
  if (!deploy) return planOutside('production')
  const environments = Object.keys(spec.environments)
  const { strategy, answer } = deploy
  return {
    environment: deploy.environment,
    before: environments.slice(0, Math.max(0, environments.indexOf(deploy.environment))),
    ...strategyPlan(strategy),
    committee: answer?.combine.last ?? 1,
    keep: deploy.keep,
    reference: deploy.reference === 'first',
  }
}

/** Whose signatures a version of an endpoint takes, one role each; none where its project says that nobody has to sign. */
export function certifyingRoles(spec: ProjectSpec | null, endpoint: string | null): string[] {
  if (spec === null || endpoint === null) return [CERTIFIER]
  const asked = spec.environments[spec.deploy[endpoint]?.environment ?? '']?.certify ?? 'auto'
  return [asked].flat().filter((role) => role !== 'auto')
}
