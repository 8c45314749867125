import type { Logger } from '#platform/log'
import {
  createModelMemory,
  type LoadedModel,
  loadModel,
  ModelBroken,
  type Placement,
  type PythonEnvironments,
  type ResidentModel,
} from '#runtime'
import type { EndpointSource, ServedPackage } from './endpoint-source.ts'
import { DEFAULT_RELEASE_LIMITS } from './release-check.ts'
import { differenceOf, readRequests } from './release-requests.ts'

/** Loaded models that no endpoint asks for any more: the next check or roll-back may want them again. */
const SPARE_MODELS = 4

/** The models in memory: each loaded once, whoever asks; those that no endpoint holds leave in order of last use. */
export interface Models {
  /** @throws ModelBroken */
  get(model: string, version: number): Promise<LoadedModel>
  /** Says which models (`name@version`) `owner` needs, loaded or about to be; they stay until it says otherwise. */
  hold(owner: string, models: Iterable<string>): void
  /** What is in memory, and for whom. */
  inMemory(): ModelsInMemory
  close(): Promise<void>
}

export interface ModelsInMemory {
  readonly budgetBytes: number
  readonly usedBytes: number
  /** Parts of a composed model stand by themselves: each is placed where it suits it. */
  readonly models: readonly (ResidentModel & { readonly endpoints: readonly string[] })[]
  /** Processes that ended or were replaced since the server started, by model. */
  readonly processEnds: ReadonlyMap<string, number>
}

export interface ModelLimits {
  readonly placement: Placement
  /** A run of a model in a process of its own takes at most this long. */
  readonly runMs: number
  /** Where models that Python answers for get their environments. */
  readonly environments?: PythonEnvironments | undefined
  /** Of all loaded models together; above it the ones used longest ago leave, and load again when asked. */
  readonly memoryBytes: number
}

export const MODEL_LIMITS: ModelLimits = { placement: 'auto', runMs: 30_000, memoryBytes: 2 * 1024 ** 3 }

/** Rows that a package carries and must give again before it is ready: release checks ask the others. */
const PARITY_ROWS = 16

export function openModels({
  source,
  log,
  limits,
  spare = SPARE_MODELS,
}: {
  source: EndpointSource
  log: Logger
  limits: ModelLimits
  spare?: number
}): Models {
  const processEnds = new Map<string, number>()
  const memory = createModelMemory(limits.memoryBytes, (model, forModel) =>
    log.info({ model, forModel }, 'a model left memory for another'),
  )
  // In order of last use.
  const loads = new Map<string, Promise<LoadedModel>>()
  const loaded = new Map<string, LoadedModel>()
  const holders = new Map<string, ReadonlySet<string>>()

  async function load(name: string, model: string, version: number): Promise<LoadedModel> {
    try {
      const packaged = await source.package(model, version)
      const ready = await loadModel(name, packaged.bytes, packaged.signature, {
        placement: limits.placement,
        limits: { runMs: limits.runMs },
        environments: limits.environments,
        memory,
        read: async () => (await source.package(model, version)).bytes,
        onEvent: (event) => {
          if (event.what !== 'resting') processEnds.set(name, (processEnds.get(name) ?? 0) + 1)
          log.warn({ model: name, ...event }, 'the process of a model')
        },
      })
      await requireParity(ready, packaged)
      loaded.set(name, ready)
      evict()
      return ready
    } catch (error) {
      loads.delete(name)
      throw error
    }
  }

  function evict(): void {
    const held = new Set([...holders.values()].flatMap((names) => [...names]))
    const free = [...loads.keys()].filter((name) => loaded.has(name) && !held.has(name))
    for (const name of free.slice(0, Math.max(0, free.length - spare))) {
      const model = loaded.get(name)!
      loads.delete(name)
      loaded.delete(name)
      void model.close()
    }
  }

  return {
    get: (model, version) => {
      const name = packageName(model, version)
      const loading = loads.get(name) ?? load(name, model, version)
      loads.delete(name)
      loads.set(name, loading)
      return loading
    },
    hold: (owner, models) => {
      const names = new Set(models)
      if (names.size === 0) holders.delete(owner)
      else holders.set(owner, names)
      evict()
    },
    inMemory: () => ({
      budgetBytes: memory.budgetBytes,
      usedBytes: memory.used(),
      models: memory.residents().map((one) => {
        // `all@1 (trees@3)` is a part of `all@1`.
        const whole = one.name.replace(/ \(.*\)$/, '')
        const endpoints = [...holders].flatMap(([owner, held]) => (held.has(whole) ? [owner] : []))
        return { ...one, endpoints }
      }),
      processEnds,
    }),
    close: async () => {
      const all = await Promise.allSettled(loads.values())
      loads.clear()
      loaded.clear()
      await Promise.all(all.map((load) => (load.status === 'fulfilled' ? load.value.close() : undefined)))
    },
  }
}

/** A package that arrived as another file than the one that was tested must not answer anybody. @throws ModelBroken */
async function requireParity(model: LoadedModel, { requests, signature }: ServedPackage): Promise<void> {
  if (!requests || signature.image || signature.tensors) return
  const { records, expected } = readRequests(await requests(), PARITY_ROWS)
  if (records.length === 0 || expected.length !== records.length * model.outputs) return
  const problem = await model.predict(records).then(
    (answers) => {
      const worst = answers.reduce((most, answer, i) => Math.max(most, differenceOf(answer, expected[i]!)), 0)
      return worst <= DEFAULT_RELEASE_LIMITS.maxAbsDifference
        ? undefined
        : `it differs by ${worst.toExponential(1)} from the answers it was packaged with`
    },
    (error: Error) => `it does not answer the rows it was packaged with (${error.message})`,
  )
  if (!problem) return
  await model.close()
  throw new ModelBroken(model.name, problem)
}

export const packageName = (model: string, version: number) => `${model}@${version}`
