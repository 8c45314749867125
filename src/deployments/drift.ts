import type { Drift, ProjectSpec } from '#projects'
import type { Rollout, RolloutStep } from './contract.ts'
import { isFinished } from './rollout.ts'
import type { StoredEndpoint } from './store.ts'
import { strategyPlan } from './strategy.ts'

/**
 * Where the server is not as a project file says, by endpoint: what somebody did by hand, and what a change of the file
 * does not reach. What the loop does by itself (a canary under way, a version taken back by rule) is as the file says.
 *
 * @param endpoints those of the project, and those outside of any that answer with its models
 * @param rollouts of these endpoints
 */
export function driftOf(
  spec: Pick<ProjectSpec, 'project' | 'deploy' | 'environments'>,
  endpoints: readonly StoredEndpoint[],
  rollouts: readonly Rollout[],
): Drift[] {
  const places = endpoints.filter(({ project }) => project === spec.project)
  const names = new Set(Object.keys(spec.deploy))
  const rehearsals = new Set(
    [...names].flatMap((name) => Object.keys(spec.environments).map((environment) => `${name}-${environment}`)),
  )
  return [
    ...Object.entries(spec.deploy).flatMap(([name, deploy]) => {
      const place = places.find((one) => one.name === name)
      if (!place) return []
      const own = rollouts.filter(({ endpoint }) => endpoint === name)
      return [
        ...ofEnvironment(place, deploy.environment),
        ...ofVersion(place, own, deploy.version),
        ...ofRollouts(place, own, deploy),
      ]
    }),
    ...places
      .filter(({ name, state }) => !names.has(name) && !rehearsals.has(name) && state.promoted.length > 0)
      .map(({ name, state }) => ({
        endpoint: name,
        what: 'endpoint' as const,
        file: 'not in the file',
        server: `v${state.promoted.at(-1)} answers`,
        why: 'the file does not name it any more; what it answers with stays as it is',
      })),
    ...endpoints
      .filter(
        ({ project, environment, state }) =>
          project === null && environment === 'production' && state.promoted.length > 0,
      )
      .map(({ name, model, state }) => ({
        endpoint: name,
        what: 'endpoint' as const,
        file: 'not in the file',
        server: `${model} v${state.promoted.at(-1)} answers in production`,
        why: 'deployed by hand (orrery deploy)',
      })),
  ]
}

function ofEnvironment({ name, environment }: StoredEndpoint, wanted: string): Drift[] {
  if (environment === wanted) return []
  const why = 'an endpoint keeps the environment it was made in; name another one to move'
  return [{ endpoint: name, what: 'environment', file: wanted, server: environment, why }]
}

/** The file wants what was promoted last; somebody may have gone back from it. */
function ofVersion({ name, state }: StoredEndpoint, rollouts: readonly Rollout[], pinned: number | undefined): Drift[] {
  const champion = state.promoted.at(-1)
  const server = champion === undefined ? 'nothing answers' : `v${champion} answers`
  if (pinned !== undefined) {
    if (pinned === champion) return []
    const own = rollouts.find(({ version }) => version === pinned)
    const why = own
      ? `its roll-out is ${own.state.replaceAll('_', ' ')}: ${own.history.at(-1)?.note ?? ''}`
      : 'it is not registered here, or not signed'
    return [{ endpoint: name, what: 'version', file: `v${pinned}`, server, why }]
  }
  const promoted = rollouts.filter((one) => one.state === 'promoted').sort((a, b) => b.finishedAt! - a.finishedAt!)[0]
  if (!promoted || promoted.version === champion) return []
  const { back } = state
  const why = back ? `${back.by} rolled back from v${back.from}: ${back.reason}` : 'it was rolled back by hand'
  return [
    {
      endpoint: name,
      what: 'version',
      file: `v${promoted.version}, promoted last`,
      server,
      why,
    },
  ]
}

function ofRollouts(
  { name }: StoredEndpoint,
  rollouts: readonly Rollout[],
  deploy: ProjectSpec['deploy'][string],
): Drift[] {
  const plan = strategyPlan(deploy.strategy)
  return rollouts
    .filter(({ state }) => !isFinished(state))
    .flatMap((rollout) => {
      const found: Drift[] = []
      const wanted = stepsWords(plan.strategy, plan.steps)
      const under = stepsWords(rollout.strategy, rollout.steps)
      if (wanted !== under)
        found.push({
          endpoint: name,
          what: 'strategy',
          file: wanted,
          server: `v${rollout.version} by ${under}`,
          why: 'a roll-out keeps the steps it began with; abort it to begin anew',
        })
      // Where the file itself asks a person to decide, waiting for one is as it says.
      if (rollout.paused && rollout.paused.by !== 'orrery')
        found.push({
          endpoint: name,
          what: 'paused',
          file: 'goes on by itself',
          server: `v${rollout.version} stands at ${Math.round(rollout.share * 100)} %`,
          why: `${rollout.paused.by} paused it: ${rollout.paused.reason}`,
        })
      return found
    })
}

function stepsWords(strategy: string, steps: readonly RolloutStep[]): string {
  const shown = steps.map(({ share, hold }) =>
    [
      `${Math.round(share * 100)}%`,
      hold.eventMs > 0 && `${hold.eventMs / 3_600_000}h`,
      hold.clockMs > 0 && `${hold.clockMs / 1000}s by the clock`,
      hold.requests > 0 && `${hold.requests} requests`,
    ]
      .filter(Boolean)
      .join(' '),
  )
  return `${strategy.replace('_', '/')}${shown.length > 0 ? ` [${shown.join(', ')}]` : ''}`
}
