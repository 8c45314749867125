import type { ProjectSpec } from '#projects'
import type { DeploymentPlan } from './deployments.ts'

/** The `deploy` block of a project file as this room needs it; an endpoint the file no longer names keeps to defaults. */
export function deploymentPlan(spec: ProjectSpec, endpoint: string): DeploymentPlan {
  const deploy = spec.deploy[endpoint]
  if (!deploy)
    return { environment: 'production', before: [], steps: [1], holdMs: 0, committee: 1, keep: 2, reference: false }
  const environments = Object.keys(spec.environments)
  const { strategy, answer } = deploy
  return {
    environment: deploy.environment,
    before: environments.slice(0, Math.max(0, environments.indexOf(deploy.environment))),
    steps: 'canary' in strategy ? strategy.canary : [1],
    holdMs: 'hold' in strategy ? strategy.hold : 0,
    committee: answer?.combine.last ?? 1,
    keep: deploy.keep,
    reference: deploy.reference === 'first',
  }
}

/** The role that signs for versions of an endpoint; `auto` where nobody has to. */
export function certifyingRole(spec: ProjectSpec, endpoint: string): string {
  return spec.environments[spec.deploy[endpoint]?.environment ?? '']?.certify ?? 'auto'
}
