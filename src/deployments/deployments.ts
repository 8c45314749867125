import { ulid } from 'ulid'
import type { Events } from '#platform/events'
import type { Storage, Tx } from '#platform/storage'
import type { Clock } from '#platform/time'
import { type Deployment, type Registry, VersionNotCertifiable } from '#registry'
import type { Endpoint, Rollout } from './contract.ts'
import { EndpointOfAnother, EndpointOfProject, EndpointUnknown, NothingToRollBackTo } from './errors.ts'
import { type DeploymentPlan, GUARDED, isGuarded, planOutside } from './plan.ts'
import { advance, type RolloutEvent } from './rollout.ts'
import {
  endpointIn,
  endpointsIn,
  endpointOf,
  insertRollout,
  listEndpoints,
  listRollouts,
  openRolloutIn,
  openRolloutOf,
  rolloutIn,
  rolloutsIn,
  saveEndpoint,
  type StoredEndpoint,
  updateRollout,
} from './store.ts'
import { type EndpointState, trafficOf } from './traffic.ts'

/** Where an endpoint's plan is read: the project file that was applied last. */
export type PlanOf = (project: string, endpoint: string) => Promise<DeploymentPlan>

export interface Deployments {
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
  /** Puts a candidate on its way: first into the environments before the endpoint's own. Once per version. */
  begin(endpoint: string, version: number): Promise<void>
  /** Moves the roll-out of a version by what happened; idempotent. */
  move(endpoint: string, version: number, event: RolloutEvent): Promise<Rollout | undefined>
  /** Parts of a committee, from recent losses. */
  setWeights(endpoint: string, weights: Readonly<Record<string, number>>): Promise<void>
  /** Ends a canary, or puts the previous champion back. */
  rollBack(endpoint: string, by: string, reason: string): Promise<Endpoint>
}

/** The endpoint that holds a candidate while it is checked. */
export const stagingName = (endpoint: string, environment: string) => `${endpoint}-${environment}`

const EMPTY: EndpointState = { promoted: [], canary: null, reference: null, weights: {} }

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

  /** Every change of who answers goes through here, so that serving hears of each. */
  async function route(tx: Tx, endpoint: StoredEndpoint, state: EndpointState, why: string): Promise<void> {
    await saveEndpoint(tx, { ...endpoint, state, updatedAt: clock.now() })
    await events.publish(tx, {
      type: 'deployments.traffic_changed',
      project: endpoint.project ?? undefined,
      subject: endpoint.name,
      data: { endpoint: endpoint.name, champion: state.promoted.at(-1) ?? null, canary: state.canary, why },
    })
  }

  /** What a roll-out's new state means for the traffic, the registry and those who listen. */
  async function carryOut(tx: Tx, endpoint: StoredEndpoint, before: Rollout, after: Rollout, reference: boolean) {
    const { state } = endpoint
    const note = after.history.at(-1)?.note ?? ''
    const { version, model } = after
    if (after.state === 'canary') {
      await route(tx, endpoint, { ...state, canary: { version, share: after.share } }, note)
    } else if (after.state === 'promoted') {
      await registry.promote(tx, model, version, note)
      const promoted = [...state.promoted.filter((other) => other !== version), version]
      const first = state.reference ?? (reference ? version : null)
      await route(tx, endpoint, { ...state, promoted, canary: null, reference: first }, note)
    } else if (before.state === 'canary') {
      await registry.withdraw(tx, model, version, null, note)
      await route(tx, endpoint, { ...state, canary: null }, note)
    }
    await events.publish(tx, {
      type: `deployments.rollout_${after.state}`,
      project: after.project ?? undefined,
      subject: after.endpoint,
      data: { rollout: after.id, endpoint: after.endpoint, model, version, from: after.from, share: after.share, note },
    })
  }

  const begin = async (name: string, version: number): Promise<void> => {
    const stored = await endpointOf(storage, name)
    if (!stored) throw new EndpointUnknown(name)
    const plan = await planFor(stored)
    await storage.write(async (tx) => {
      const endpoint = await requireEndpoint(tx, name)
      // A newer candidate replaces one that is still on its way: two canaries could not be told apart.
      const open = await openRolloutIn(tx, name)
      if (open && open.version !== version) {
        const ended = advance(open, { kind: 'withdrawn', by: 'orrery', reason: `v${version} came` }, clock.now())
        await updateRollout(tx, ended)
        await carryOut(tx, endpoint, open, ended, plan.reference)
      }
      const rollout: Rollout = {
        id: ulid(clock.now()),
        endpoint: name,
        project: endpoint.project,
        model: endpoint.model,
        version,
        from: endpoint.state.promoted.at(-1) ?? null,
        state: 'staging',
        steps: [...plan.steps],
        step: 0,
        share: 0,
        holdMs: plan.holdMs,
        history: [
          {
            at: clock.now(),
            eventTime: null,
            state: 'staging',
            share: 0,
            note: `into ${plan.before.join(', ') || plan.environment}`,
          },
        ],
        createdAt: clock.now(),
        finishedAt: null,
      }
      if (!(await insertRollout(tx, rollout))) return
      for (const environment of plan.before) {
        const staging = {
          name: stagingName(name, environment),
          project: endpoint.project,
          environment,
          model: endpoint.model,
        }
        const existing = (await endpointIn(tx, staging.name)) ?? { ...staging, state: EMPTY, updatedAt: clock.now() }
        await route(tx, existing, { ...EMPTY, promoted: [version] }, `v${version} is being checked`)
      }
      await events.publish(tx, {
        type: 'deployments.rollout_staging',
        project: endpoint.project ?? undefined,
        subject: name,
        data: { rollout: rollout.id, endpoint: name, model: endpoint.model, version, environments: [...plan.before] },
      })
    })
  }

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
      if (environment === GUARDED) await begin(name, version)
      return render((await endpointOf(storage, name))!)
    },
    begin,
    move: async (name, version, event) => {
      const stored = await endpointOf(storage, name)
      if (!stored) throw new EndpointUnknown(name)
      const plan = await planFor(stored)
      return storage.write(async (tx) => {
        const before = await rolloutIn(tx, name, version)
        if (!before) return undefined
        const after = advance(before, event, clock.now())
        if (after === before) return before
        await updateRollout(tx, after)
        await carryOut(tx, await requireEndpoint(tx, name), before, after, plan.reference)
        return after
      })
    },
    setWeights: (name, weights) =>
      storage.write(async (tx) => {
        const endpoint = await requireEndpoint(tx, name)
        await route(tx, endpoint, { ...endpoint.state, weights }, 'weights follow recent losses')
      }),
    rollBack: async (name, by, reason) => {
      const stored = await endpointOf(storage, name)
      if (!stored) throw new EndpointUnknown(name)
      const plan = await planFor(stored)
      await storage.write(async (tx) => {
        const endpoint = await requireEndpoint(tx, name)
        const open = await openRolloutIn(tx, name)
        if (open?.state === 'canary') {
          const ended = advance(open, { kind: 'withdrawn', by, reason }, clock.now())
          await updateRollout(tx, ended)
          await carryOut(tx, endpoint, open, ended, plan.reference)
          return
        }
        const champion = endpoint.state.promoted.at(-1)
        const previous = endpoint.state.promoted.at(-2)
        if (champion === undefined || previous === undefined) throw new NothingToRollBackTo(name)
        if (isGuarded(endpoint)) await registry.withdraw(tx, endpoint.model, champion, previous, `${by}: ${reason}`)
        await route(tx, endpoint, { ...endpoint.state, promoted: endpoint.state.promoted.slice(0, -1) }, reason)
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
function versionsOf({ promoted, canary, reference }: EndpointState, rollouts: readonly Rollout[]): number[] {
  const answered = rollouts.filter(
    ({ finishedAt, history }) =>
      finishedAt === null || history.some(({ state }) => state === 'canary' || state === 'promoted'),
  )
  return [
    ...promoted,
    ...(canary ? [canary.version] : []),
    ...(reference === null ? [] : [reference]),
    ...answered.map(({ version }) => version),
  ]
}
