import type { Events } from '#platform/events'
import type { Storage, Tx } from '#platform/storage'
import type { Clock } from '#platform/time'
import type { Drift, ProjectSpec } from '#projects'
import { type Deployment, type Registry, VersionNotCertifiable } from '#registry'
import type { Endpoint, Rollout, RolloutLook } from './contract.ts'
import { EndpointOfAnother, EndpointOfProject, EndpointUnknown, NothingToRollBackTo, RolloutUnknown } from './errors.ts'
import { driftOf } from './drift.ts'
import { type DeploymentPlan, GUARDED, isGuarded, planOutside } from './plan.ts'
import { isLive } from './rollout.ts'
import { openRolloutMoves, type RolloutMoves, type RouteTraffic } from './rollout-moves.ts'
import {
  endpointIn,
  endpointsIn,
  endpointOf,
  listEndpoints,
  listRollouts,
  looksOf,
  openRolloutOf,
  openRolloutsIn,
  rolloutById,
  rolloutsIn,
  saveEndpoint,
  type StoredEndpoint,
} from './store.ts'
import { EMPTY, type EndpointState, trafficOf } from './traffic.ts'

/** Where an endpoint's plan is read: the project file that was applied last. */
export type PlanOf = (project: string, endpoint: string) => Promise<DeploymentPlan>

export interface Deployments extends RolloutMoves {
  /** Creates the endpoint where it is absent; idempotent. */
  ensureEndpoint(tx: Tx, endpoint: { name: string; project: string; environment: string; model: string }): Promise<void>
  endpoint(name: string): Promise<Endpoint>
  endpoints(where: { project?: string }): Promise<Endpoint[]>
  /** The endpoints of a model, with every version that serves there, has served, or is on its way. */
  deploymentsOf(tx: Tx, model: string): Promise<Deployment[]>
  rollout(endpoint: string): Promise<Rollout | undefined>
  rollouts(
    where: { endpoint?: string; model?: string; version?: number; project?: string; unfinished?: boolean },
    page?: { limit: number; offset: number },
  ): Promise<Rollout[]>
  /**
   * Puts a packaged version on an endpoint outside of any project, which is made where it is absent. In production it sets
   * out as everywhere: checked, signed, then promoted; elsewhere it answers at once, signed or not.
   *
   * @throws EndpointOfProject, EndpointOfAnother, VersionNotPackaged
   */
  deploy(
    wanted: { endpoint: string; environment: string; model: string; version: number },
    by: string,
  ): Promise<Endpoint>
  /**
   * Makes the endpoint answer with a version that its project file names: at once where it was promoted there before, otherwise it sets
   * out as every version does. Others that are under way are withdrawn. Nothing where it answers already.
   *
   * @throws EndpointUnknown, VersionUnknown, VersionNotPackaged, VersionNotCertified
   */
  pin(endpoint: string, version: number): Promise<void>
  /** Parts of a committee, from recent losses. */
  setWeights(endpoint: string, weights: Readonly<Record<string, number>>): Promise<void>
  /** A roll-out and what was known at each look, oldest first. @throws RolloutUnknown */
  looks(rollout: string): Promise<{ rollout: Rollout; looks: RolloutLook[] }>
  /** Where the server is not as a project file says, by endpoint. */
  drift(spec: ProjectSpec): Promise<Drift[]>
  /** Ends the roll-out that is live, or puts the previous champion back. @throws NothingToRollBackTo */
  rollBack(endpoint: string, by: string, reason: string): Promise<Endpoint>
}

export function openDeployments(needs: {
  storage: Storage
  events: Events
  clock: Clock
  registry: Registry
  planOf: PlanOf
}): Deployments {
  const { storage, events, clock, registry, planOf } = needs

  const planFor = async ({ project, name, environment }: StoredEndpoint) =>
    project === null ? planOutside(environment) : planOf(project, name)

  async function requireEndpoint(tx: Tx, name: string): Promise<StoredEndpoint> {
    const endpoint = await endpointIn(tx, name)
    if (!endpoint) throw new EndpointUnknown(name)
    return endpoint
  }

  async function render(endpoint: StoredEndpoint): Promise<Endpoint> {
    const plan = await planFor(endpoint)
    const rollout = await openRolloutOf(storage, endpoint.name)
    return {
      name: endpoint.name,
      project: endpoint.project,
      environment: endpoint.environment,
      model: endpoint.model,
      traffic: trafficOf(endpoint.state, plan.committee, plan.keep),
      champion: endpoint.state.promoted.at(-1) ?? null,
      rollout: rollout?.id ?? null,
      updatedAt: endpoint.updatedAt,
    }
  }

  const route: RouteTraffic = async (tx, endpoint, state, why) => {
    await saveEndpoint(tx, { ...endpoint, state, updatedAt: clock.now() })
    await events.publish(tx, {
      type: 'deployments.traffic_changed',
      project: endpoint.project ?? undefined,
      subject: endpoint.name,
      data: { endpoint: endpoint.name, champion: state.promoted.at(-1) ?? null, canary: state.canary, why },
    })
  }

  const moves = openRolloutMoves({ storage, events, clock, registry, planFor, route })

  return {
    ensureEndpoint: async (tx, endpoint) => {
      if (await endpointIn(tx, endpoint.name)) return
      await saveEndpoint(tx, { ...endpoint, state: EMPTY, updatedAt: clock.now() })
      await events.publish(tx, {
        type: 'deployments.endpoint_created',
        project: endpoint.project ?? undefined,
        subject: endpoint.name,
        data: { environment: endpoint.environment, model: endpoint.model },
      })
    },
    endpoint: async (name) => {
      const endpoint = await endpointOf(storage, name)
      if (!endpoint) throw new EndpointUnknown(name)
      return render(endpoint)
    },
    deploymentsOf: async (tx, model) => {
      const rollouts = await rolloutsIn(tx, model)
      return (await endpointsIn(tx, model)).map(({ name, state }) => ({
        endpoint: name,
        versions: versionsOf(
          state,
          rollouts.filter((rollout) => rollout.endpoint === name),
        ),
      }))
    },
    endpoints: async (where) => Promise.all((await listEndpoints(storage, where)).map(render)),
    rollout: (endpoint) => openRolloutOf(storage, endpoint),
    rollouts: (where, page) => listRollouts(storage, where, page),
    deploy: async ({ endpoint: name, environment, model, version }, by) => {
      const { state } = await registry.packaged(model, version)
      if (environment === GUARDED && state === 'rejected') throw new VersionNotCertifiable(model, version, state)
      await storage.write(async (tx) => {
        const known = await endpointIn(tx, name)
        if (known && known.project !== null) throw new EndpointOfProject(name, known.project)
        if (known && (known.model !== model || known.environment !== environment))
          throw new EndpointOfAnother(name, known.model, known.environment)
        const endpoint = known ?? { name, project: null, environment, model, state: EMPTY, updatedAt: clock.now() }
        if (!known) {
          await saveEndpoint(tx, endpoint)
          await events.publish(tx, {
            type: 'deployments.endpoint_created',
            subject: name,
            data: { environment, model, by },
          })
        }
        if (environment === GUARDED) return
        const promoted = [...endpoint.state.promoted.filter((other) => other !== version), version]
        await route(tx, endpoint, { ...endpoint.state, promoted }, `${by} put v${version} into ${environment}`)
      })
      if (environment === GUARDED) await moves.begin(name, version)
      return render((await endpointOf(storage, name))!)
    },
    begin: moves.begin,
    move: moves.move,
    steer: moves.steer,
    looks: async (id) => {
      const rollout = await rolloutById(storage, id)
      if (!rollout) throw new RolloutUnknown(id)
      return { rollout, looks: await looksOf(storage, id) }
    },
    pin: async (name, version) => {
      const stored = await endpointOf(storage, name)
      if (!stored) throw new EndpointUnknown(name)
      const { state } = await registry.packaged(stored.model, version)
      if (isGuarded(stored) && state === 'rejected') throw new VersionNotCertifiable(stored.model, version, state)
      const { reference } = await planFor(stored)
      const wasThere = await storage.write(async (tx) => {
        const endpoint = await requireEndpoint(tx, name)
        const reason = `the project file asks for v${version}`
        for (const other of await openRolloutsIn(tx, name))
          if (other.version !== version)
            await moves.apply(tx, { name, reference }, other, { kind: 'withdrawn', by: 'orrery', reason })
        if (!endpoint.state.promoted.includes(version)) return false
        const now = await requireEndpoint(tx, name)
        if (now.state.promoted.at(-1) === version) return true
        await registry.requireCertified(tx, endpoint.model, version)
        await registry.promote(tx, endpoint.model, version, reason)
        const promoted = [...now.state.promoted.filter((other) => other !== version), version]
        await route(tx, now, { ...now.state, promoted, back: null }, reason)
        return true
      })
      if (!wasThere) await moves.begin(name, version)
    },
    setWeights: (name, weights) =>
      storage.write(async (tx) => {
        const endpoint = await requireEndpoint(tx, name)
        await route(tx, endpoint, { ...endpoint.state, weights }, 'weights follow recent losses')
      }),
    drift: async (spec) => {
      const all = await listEndpoints(storage, {})
      const models = new Set(Object.keys(spec.deploy))
      const endpoints = all.filter(
        ({ project, model }) => project === spec.project || (project === null && models.has(model)),
      )
      return driftOf(spec, endpoints, await listRollouts(storage, { project: spec.project }))
    },
    rollBack: async (name, by, reason) => {
      const stored = await endpointOf(storage, name)
      if (!stored) throw new EndpointUnknown(name)
      const { reference } = await planFor(stored)
      await storage.write(async (tx) => {
        const endpoint = await requireEndpoint(tx, name)
        // Challengers stay: they answer nobody, and going back is about who answers.
        const live = (await openRolloutsIn(tx, name)).find(({ state }) => isLive(state) && state !== 'challenger')
        if (live) return void (await moves.apply(tx, { name, reference }, live, { kind: 'withdrawn', by, reason }))
        const champion = endpoint.state.promoted.at(-1)
        const previous = endpoint.state.promoted.at(-2)
        if (champion === undefined || previous === undefined) throw new NothingToRollBackTo(name)
        if (isGuarded(endpoint)) await registry.withdraw(tx, endpoint.model, champion, previous, `${by}: ${reason}`)
        const back = { from: champion, to: previous, by, reason, at: clock.now() }
        await route(tx, endpoint, { ...endpoint.state, promoted: endpoint.state.promoted.slice(0, -1), back }, reason)
        await events.publish(tx, {
          type: 'deployments.rolled_back',
          project: endpoint.project ?? undefined,
          subject: name,
          data: { endpoint: name, model: endpoint.model, version: champion, back: previous, by, reason },
        })
      })
      const after = await endpointOf(storage, name)
      return render(after!)
    },
  }
}

/** Every version that an endpoint's answers lead back to, or soon may. */
function versionsOf({ promoted, canary, shadow, reference }: EndpointState, rollouts: readonly Rollout[]): number[] {
  const answered = rollouts.filter(
    ({ finishedAt, history }) =>
      finishedAt === null || history.some(({ state }) => isLive(state) || state === 'promoted'),
  )
  return [
    ...promoted,
    ...(canary ? [canary.version] : []),
    ...shadow,
    ...(reference === null ? [] : [reference]),
    ...answered.map(({ version }) => version),
  ]
}
