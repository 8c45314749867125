import type { Logger } from '#platform/log'
import type { LoadedModel } from '#runtime'
import { ModelBroken } from '#runtime'
import type { EndpointSource, ServedEndpoint } from './endpoint-source.ts'
import { EndpointNotReady, EndpointUnknown, NoVersionYet } from './errors.ts'
import { type Models, packageName } from './models.ts'
import { type Arm, canaryArm, loadedVersions, scoringVersions, stableArm } from './router.ts'

/** An endpoint ready to answer; replaced as a whole when its traffic changes. */
export interface ReadyEndpoint {
  readonly name: string
  readonly endpoint: ServedEndpoint
  readonly stable: Arm
  readonly canary: Arm | undefined
  /** The model of the stable champion: its signature is the endpoint's. */
  readonly champion: LoadedModel
  /** Every version that scores each record. */
  readonly scoring: ReadonlyMap<number, LoadedModel>
}

/** The endpoints in memory, each with the models its traffic asks for. */
export interface EndpointStates {
  /** The endpoint as it answers now, without waiting; `undefined` when it is not loaded. */
  current(name: string): ReadyEndpoint | undefined
  /** The endpoint, loaded when it is not yet. @throws EndpointUnknown, EndpointNotReady */
  ready(name: string): Promise<ReadyEndpoint>
  /**
   * Brings the endpoint to its traffic of now: new models are loaded while the old ones answer, then all change at once.
   * @throws EndpointUnknown, EndpointNotReady, ModelBroken (of a canary: the stable versions then answer alone)
   */
  refresh(name: string): Promise<ReadyEndpoint>
  /** Why an endpoint cannot answer, or `undefined`. */
  problem(name: string): string | undefined
  /** The endpoints that should answer and cannot; one that waits for its first version has no problem. */
  problems(): { endpoint: string; problem: string }[]
  close(): void
}

interface Slot {
  current: ReadyEndpoint | undefined
  loading: Promise<ReadyEndpoint> | undefined
  /** Counts the wishes to reload; a load that finds a newer one starts over. */
  wanted: number
  failure: { at: number; error: unknown } | undefined
}

/** A load that failed is tried again by requests after so long, so that a broken package costs no load per request. */
const RETRY_AFTER_MS = 1_000

export function openEndpointStates({
  source,
  models,
  log,
}: {
  source: EndpointSource
  models: Models
  log: Logger
}): EndpointStates {
  const slots = new Map<string, Slot>()
  const stopListening = source.onTrafficChanged((name) => {
    refresh(name).catch((error) => log.error({ err: error, endpoint: name }, 'traffic could not be changed'))
  })

  function slotOf(name: string): Slot {
    let slot = slots.get(name)
    if (!slot) {
      slot = { current: undefined, loading: undefined, wanted: 0, failure: undefined }
      slots.set(name, slot)
    }
    return slot
  }

  function refresh(name: string): Promise<ReadyEndpoint> {
    const slot = slotOf(name)
    slot.wanted++
    slot.loading ??= load(name, slot).finally(() => {
      slot.loading = undefined
    })
    return slot.loading
  }

  async function load(name: string, slot: Slot): Promise<ReadyEndpoint> {
    for (;;) {
      const wanted = slot.wanted
      try {
        const ready = await loadOnce(name, slot)
        slot.failure = undefined
        if (slot.wanted === wanted) return ready
      } catch (error) {
        if (slot.wanted !== wanted) continue
        slot.failure = { at: performance.now(), error }
        models.hold(name, heldBy(slot.current))
        if (error instanceof EndpointUnknown) {
          slots.delete(name)
          models.hold(name, [])
        }
        throw error
      }
    }
  }

  async function loadOnce(name: string, slot: Slot): Promise<ReadyEndpoint> {
    const endpoint = await source.endpoint(name)
    if (!endpoint) throw new EndpointUnknown(name, await source.names())
    const stable = stableArm(endpoint.traffic)
    if (!stable) throw new NoVersionYet(name)
    const names = loadedVersions(endpoint.traffic).map((version) => packageName(endpoint.model, version))
    // Held before they are loaded, beside those that answer meanwhile.
    models.hold(name, [...heldBy(slot.current), ...names])
    const { loaded, failures } = await loadAll(endpoint)
    const stableFailure = stable.members
      .map(({ version }) => failures.get(version))
      .find((error) => error !== undefined)
    if (stableFailure) throw stableFailure

    const champion = loaded.get(stable.champion)!
    for (const [version, model] of loaded) {
      const misfit = otherAnswer(champion, model)
      if (!misfit) continue
      loaded.delete(version)
      failures.set(version, misfit)
    }
    const misfitting = stable.members.map(({ version }) => failures.get(version)).find((error) => error !== undefined)
    if (misfitting) throw misfitting
    const canary = canaryArm(endpoint.traffic)
    const canaryFailure = canary?.members
      .map(({ version }) => failures.get(version))
      .find((error) => error !== undefined)
    for (const [version, error] of failures) log.warn({ err: error, endpoint: name, version }, 'version cannot serve')

    const scoring = new Map<number, LoadedModel>()
    for (const version of scoringVersions(endpoint.traffic)) {
      const model = loaded.get(version)
      if (model) scoring.set(version, model)
    }
    slot.current = { name, endpoint, stable, canary: canaryFailure ? undefined : canary, champion, scoring }
    models.hold(name, names)
    if (canaryFailure) throw canaryFailure
    return slot.current
  }

  async function loadAll({ model, traffic }: ServedEndpoint) {
    const loaded = new Map<number, LoadedModel>()
    const failures = new Map<number, unknown>()
    await Promise.all(
      loadedVersions(traffic).map(async (version) => {
        try {
          loaded.set(version, await models.get(model, version))
        } catch (error) {
          failures.set(version, error)
        }
      }),
    )
    return { loaded, failures }
  }

  return {
    current: (name) => slots.get(name)?.current,
    ready: async (name) => {
      const slot = slots.get(name)
      if (slot?.current) return slot.current
      const { failure, loading } = slot ?? {}
      try {
        if (!loading && failure && performance.now() - failure.at < RETRY_AFTER_MS) throw failure.error
        return await (loading ?? refresh(name))
      } catch (error) {
        const current = slots.get(name)?.current
        if (current) return current
        if (error instanceof EndpointUnknown || error instanceof EndpointNotReady) throw error
        throw new EndpointNotReady(
          name,
          error instanceof Error ? error.message.replace(/\.$/, '') : String(error),
          error,
        )
      }
    },
    refresh,
    problem: (name) => problemOf(slots.get(name)),
    problems: () =>
      [...slots].flatMap(([endpoint, slot]) => {
        const problem = problemOf(slot)
        return problem === undefined || slot.failure?.error instanceof NoVersionYet ? [] : [{ endpoint, problem }]
      }),
    close: stopListening,
  }
}

function problemOf(slot: Slot | undefined): string | undefined {
  if (slot?.current) return membersProblem(slot.current)
  if (slot?.loading) return 'its models are loading'
  return slot?.failure ? String((slot.failure.error as Error).message) : 'it is not loaded'
}

/** An answer needs one member that can give it. */
function membersProblem({ stable, scoring }: ReadyEndpoint): string | undefined {
  let problem: string | undefined
  for (const { version } of stable.members) {
    const model = scoring.get(version)
    const own = model?.graph.problem()
    if (model && own === undefined) return undefined
    problem ??= model && `${model.name}: ${own}`
  }
  return problem
}

function heldBy(ready: ReadyEndpoint | undefined): string[] {
  if (!ready) return []
  const { model, traffic } = ready.endpoint
  return loadedVersions(traffic).map((version) => packageName(model, version))
}

/** Answers can be mixed only when they mean the same: same task, same classes in the same order. */
function otherAnswer(champion: LoadedModel, model: LoadedModel): ModelBroken | undefined {
  const ours = [champion.signature.task, ...champion.signature.classes].join(', ')
  const theirs = [model.signature.task, ...model.signature.classes].join(', ')
  return ours === theirs
    ? undefined
    : new ModelBroken(model.name, `it answers ${theirs}, beside ${champion.name} that answers ${ours}`)
}
