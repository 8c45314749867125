import { ulid } from 'ulid'
import type { Events } from '#platform/events'
import type { Storage, Tx } from '#platform/storage'
import type { Clock } from '#platform/time'
import type { Registry } from '#registry'
import type { Rollout } from './contract.ts'
import { EndpointUnknown, NoRolloutUnderWay, RolloutNotLive } from './errors.ts'
import type { DeploymentPlan } from './plan.ts'
import { advance, isLive, type RolloutEvent } from './rollout.ts'
import {
  endpointIn,
  endpointOf,
  insertLook,
  insertRollout,
  openRolloutsIn,
  rolloutIn,
  type StoredEndpoint,
  updateRollout,
} from './store.ts'
import { EMPTY, type EndpointState } from './traffic.ts'

export interface Steering {
  action: 'pause' | 'resume' | 'skip' | 'abort'
  reason: string
  /** Which, where several are under way. */
  version?: number | undefined
}

/** What changes a roll-out, each in one transaction with what follows for traffic and registry. */
export interface RolloutMoves {
  /** Puts a candidate on its way: first into the environments before the endpoint's own. Once per version. */
  begin(endpoint: string, version: number): Promise<void>
  /** Moves the roll-out of a version by what happened; idempotent. */
  move(endpoint: string, version: number, event: RolloutEvent): Promise<Rollout | undefined>
  /** What a person decides about the roll-out under way. @throws EndpointUnknown, NoRolloutUnderWay, RolloutNotLive */
  steer(endpoint: string, by: string, steering: Steering): Promise<Rollout>
}

/** Every change of who answers goes through here, so that serving hears of each. */
export type RouteTraffic = (tx: Tx, endpoint: StoredEndpoint, state: EndpointState, why: string) => Promise<void>

/** The endpoint that holds a candidate while it is checked. */
export const stagingName = (endpoint: string, environment: string) => `${endpoint}-${environment}`

/** An endpoint, and whether its first version keeps scoring in the shadow. */
type Applied = { name: string; reference: boolean }

const STEERED = { pause: 'paused', resume: 'resumed', skip: 'skipped', abort: 'withdrawn' } as const

export function openRolloutMoves(needs: {
  storage: Storage
  events: Events
  clock: Clock
  registry: Registry
  planFor: (endpoint: StoredEndpoint) => Promise<DeploymentPlan>
  route: RouteTraffic
}): RolloutMoves & { apply(tx: Tx, of: Applied, before: Rollout, event: RolloutEvent): Promise<Rollout> } {
  const { storage, events, clock, registry, planFor, route } = needs

  async function stored(name: string): Promise<StoredEndpoint> {
    const endpoint = await endpointOf(storage, name)
    if (!endpoint) throw new EndpointUnknown(name)
    return endpoint
  }

  /** Moves a roll-out and carries out what follows; its endpoint is read again, for others may have changed it. */
  async function apply(tx: Tx, { name, reference }: Applied, before: Rollout, event: RolloutEvent): Promise<Rollout> {
    const after = advance(before, event, clock.now())
    if ('evidence' in event && event.evidence) {
      const { state, share } = before
      const { eventTime, note, evidence } = event
      await insertLook(tx, before.id, { at: clock.now(), eventTime, state, share, note, evidence })
    }
    if (after === before) return before
    await updateRollout(tx, after)
    if (after.state !== before.state || after.share !== before.share)
      await carryOut(tx, (await endpointIn(tx, name))!, before, after, reference)
    else if (after.history.length > before.history.length)
      await tell(tx, after, after.paused ? 'paused' : before.paused ? 'resumed' : 'noted')
    return after
  }

  async function tell(tx: Tx, rollout: Rollout, what: string): Promise<void> {
    const { id, endpoint, project, model, version, from, share, history } = rollout
    const { note = '', by = null } = history.at(-1) ?? {}
    await events.publish(tx, {
      type: `deployments.rollout_${what}`,
      project: project ?? undefined,
      subject: endpoint,
      data: { rollout: id, endpoint, model, version, from, share, note, by },
    })
  }

  /** What a roll-out's new state means for the traffic, the registry and those who listen. */
  async function carryOut(
    tx: Tx,
    endpoint: StoredEndpoint,
    before: Rollout,
    after: Rollout,
    reference: boolean,
  ): Promise<void> {
    const { state } = endpoint
    const note = after.history.at(-1)?.note ?? ''
    const { version, model, share } = after
    const others = state.shadow.filter((other) => other !== version)
    const canary = state.canary?.version === version ? null : state.canary
    if (isLive(after.state)) {
      await registry.requireCertified(tx, model, version)
      const sticky = after.experiment?.by ?? null
      const live =
        share > 0 ? { shadow: others, canary: { version, share, sticky } } : { shadow: [...others, version], canary }
      await route(tx, endpoint, { ...state, ...live }, note)
    } else if (after.state === 'promoted') {
      await registry.promote(tx, model, version, note)
      const promoted = [...state.promoted.filter((other) => other !== version), version]
      const first = state.reference ?? (reference ? version : null)
      await route(tx, endpoint, { ...state, promoted, canary, shadow: others, reference: first, back: null }, note)
    } else if (isLive(before.state)) {
      await registry.withdraw(tx, model, version, null, note)
      await route(tx, endpoint, { ...state, canary, shadow: others }, note)
    }
    await tell(tx, after, after.state)
  }

  /**
   * A newer candidate replaces one that is still on its way: two canaries could not be told apart. Challengers are many,
   * and only the one that has been there longest makes room.
   */
  async function makeRoom(tx: Tx, of: Applied, version: number, most: number): Promise<void> {
    const open = (await openRolloutsIn(tx, of.name)).filter((one) => one.version !== version)
    const challengers = most > 0 ? open.filter(({ state }) => state === 'challenger') : []
    const leaving = open.filter((one) => !challengers.includes(one)).concat(challengers.slice(Math.max(0, most - 1)))
    for (const one of leaving) await apply(tx, of, one, { kind: 'withdrawn', by: 'orrery', reason: `v${version} came` })
  }

  return {
    apply,
    begin: async (name, version) => {
      const plan = await planFor(await stored(name))
      await storage.write(async (tx) => {
        const endpoint = (await endpointIn(tx, name))!
        await makeRoom(tx, { name, reference: plan.reference }, version, plan.challengers)
        const rollout = newRollout(endpoint, version, plan, clock.now())
        if (!(await insertRollout(tx, rollout))) return
        for (const environment of plan.before) {
          const { project, model } = endpoint
          const staging = { name: stagingName(name, environment), project, environment, model }
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
    },
    move: async (name, version, event) => {
      const { reference } = await planFor(await stored(name))
      return storage.write(async (tx) => {
        const before = await rolloutIn(tx, name, version)
        return before && apply(tx, { name, reference }, before, event)
      })
    },
    steer: async (name, by, { action, reason, version }) => {
      const { reference } = await planFor(await stored(name))
      return storage.write(async (tx) => {
        const open = await openRolloutsIn(tx, name)
        const before = version === undefined ? open[0] : open.find((one) => one.version === version)
        if (!before) throw new NoRolloutUnderWay(name, version)
        if (action !== 'abort' && !isLive(before.state))
          throw new RolloutNotLive(name, before.version, before.state, action)
        return apply(tx, { name, reference }, before, { kind: STEERED[action], by, reason })
      })
    },
  }
}

function newRollout(
  { name, project, model, state }: StoredEndpoint,
  version: number,
  plan: DeploymentPlan,
  now: number,
) {
  const { strategy, steps, experiment, waits, before, environment } = plan
  const note = `into ${before.join(', ') || environment}`
  const rollout: Rollout = {
    ...{ id: ulid(now), endpoint: name, project, model, version, from: state.promoted.at(-1) ?? null },
    ...{ strategy, state: 'staging', steps: [...steps], step: 0, share: 0, experiment, waits },
    ...{ began: null, paused: null, pausedMs: 0 },
    history: [{ at: now, eventTime: null, state: 'staging', share: 0, note, by: null, evidence: null }],
    createdAt: now,
    finishedAt: null,
  }
  return rollout
}
