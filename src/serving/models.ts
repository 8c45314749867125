import { type LoadedModel, loadModel } from '#runtime'
import type { EndpointSource } from './endpoint-source.ts'

/** Loaded models that no endpoint asks for any more: the next check or roll-back may want them again. */
const SPARE_MODELS = 4

/** The models in memory: each loaded once, whoever asks; those that no endpoint holds leave in order of last use. */
export interface Models {
  /** @throws ModelBroken */
  get(model: string, version: number): Promise<LoadedModel>
  /** Says which models (`name@version`) `owner` needs, loaded or about to be; they stay until it says otherwise. */
  hold(owner: string, models: Iterable<string>): void
  close(): Promise<void>
}

export function openModels({ source, spare = SPARE_MODELS }: { source: EndpointSource; spare?: number }): Models {
  // In order of last use.
  const loads = new Map<string, Promise<LoadedModel>>()
  const loaded = new Map<string, LoadedModel>()
  const holders = new Map<string, ReadonlySet<string>>()

  async function load(name: string, model: string, version: number): Promise<LoadedModel> {
    try {
      const { bytes, signature } = await source.package(model, version)
      const ready = await loadModel(name, bytes, signature)
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
    close: async () => {
      const all = await Promise.allSettled(loads.values())
      loads.clear()
      loaded.clear()
      await Promise.all(all.map((load) => (load.status === 'fulfilled' ? load.value.close() : undefined)))
    },
  }
}

export const packageName = (model: string, version: number) => `${model}@${version}`
