import { firstLine, ModelNotLoaded } from './errors.ts'
import { openTensorModel } from './open-model.ts'
import type { OpenOptions } from './open-options.ts'
import type { ModelFile, TensorModel } from './tensor-model.ts'

/** Models that together keep to a budget: the ones used longest ago leave memory, and are loaded again when asked. */
export interface ModelMemory {
  /**
   * Opens a model that may leave memory between two runs. Its runs then wait for it to be loaded.
   *
   * @param options.read the same file, when it is loaded again
   * @throws ModelBroken
   */
  open(name: string, file: ModelFile, options: MemoryOptions): Promise<TensorModel>
  /** Bytes of the models that are loaded. */
  used(): number
  /** Every open model, loaded or not, for whoever looks after the machine. */
  residents(): { name: string; loaded: boolean; bytes: number; placement: TensorModel['placement'] }[]
}

export type MemoryOptions = OpenOptions & { readonly read: () => Promise<ModelFile> }

interface Resident {
  /** As it was opened last; the model of now while it is `loaded`. */
  graph: TensorModel
  loaded: boolean
  loading: Promise<TensorModel> | undefined
  /** Larger is later. */
  lastUse: number
}

/** @param onEvicted after a model left memory to make room for another */
export function createModelMemory(
  budgetBytes: number,
  onEvicted: (name: string, forName: string) => void = () => {},
): ModelMemory {
  const residents = new Set<Resident>()
  let uses = 0
  const used = () => {
    let bytes = 0
    for (const { loaded, graph } of residents) if (loaded) bytes += graph.bytes
    return bytes
  }

  /** The newcomer stays, however large it is: a budget that holds nothing would answer nobody. */
  function makeRoom(newcomer: Resident): void {
    while (used() > budgetBytes) {
      let oldest: Resident | undefined
      for (const one of residents)
        if (one.loaded && one !== newcomer && (!oldest || one.lastUse < oldest.lastUse)) oldest = one
      if (!oldest) return
      oldest.loaded = false
      onEvicted(oldest.graph.name, newcomer.graph.name)
      // It finishes the runs under way; new ones load it again.
      void oldest.graph.close()
    }
  }

  return {
    used,
    residents: () =>
      [...residents].map(({ loaded, graph: { name, bytes, placement } }) => ({ name, loaded, bytes, placement })),
    open: async (name, file, options) => {
      const graph = await openTensorModel(name, file, options)
      const resident: Resident = { graph, loaded: true, loading: undefined, lastUse: ++uses }
      residents.add(resident)
      makeRoom(resident)

      async function reload(): Promise<TensorModel> {
        try {
          const again = await openTensorModel(name, await options.read(), options)
          resident.graph = again
          resident.loaded = residents.has(resident)
          makeRoom(resident)
          return again
        } catch (error) {
          throw new ModelNotLoaded(name, firstLine(error), error)
        } finally {
          resident.loading = undefined
        }
      }

      const { inputs, outputs, bytes, placement, microseconds } = graph
      return {
        ...{ name, inputs, outputs, bytes, placement, microseconds },
        problem: () => (resident.loaded ? resident.graph.problem() : undefined),
        // Where it runs stays what it is, however often it is loaded again.
        get runNow() {
          if (!resident.loaded) return undefined
          resident.lastUse = ++uses
          return resident.graph.runNow
        },
        run: (feeds, wanted) => {
          resident.lastUse = ++uses
          if (resident.loaded) return resident.graph.run(feeds, wanted)
          if (!residents.has(resident)) return resident.graph.run(feeds, wanted)
          resident.loading ??= reload()
          return resident.loading.then((again) => again.run(feeds, wanted))
        },
        close: async () => {
          residents.delete(resident)
          await resident.loading?.catch(() => {})
          await resident.graph.close()
        },
      }
    },
  }
}
