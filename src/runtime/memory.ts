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
  readonly budgetBytes: number
  /** Bytes of the models that are loaded: what a process takes, and of a model beside HTTP the size of its files. */
  used(): number
  /** Every open model, loaded or not, for whoever looks after the machine. */
  residents(): ResidentModel[]
}

export interface ResidentModel {
  readonly name: string
  readonly loaded: boolean
  /** Of its files. */
  readonly fileBytes: number
  /** What counts against the budget while it is loaded: its process as it said last, or its files. */
  readonly bytes: number
  readonly placement: TensorModel['placement']
  /** Of a run of one row, where that was measured. */
  readonly microseconds: number | undefined
  /** How often it was loaded since it was opened, the first time included. */
  readonly loads: number
  /** How often it left memory for another. */
  readonly evictions: number
  /** Why it cannot answer just now. */
  readonly problem: string | undefined
}

export type MemoryOptions = OpenOptions & { readonly read: () => Promise<ModelFile> }

interface Resident {
  /** As it was opened last; the model of now while it is `loaded`. */
  graph: TensorModel
  loaded: boolean
  loading: Promise<TensorModel> | undefined
  /** Larger is later. */
  lastUse: number
  loads: number
  evictions: number
}

const bytesOf = (graph: TensorModel) => graph.processBytes?.() ?? graph.bytes

/** @param onEvicted after a model left memory to make room for another */
export function createModelMemory(
  budgetBytes: number,
  onEvicted: (name: string, forName: string) => void = () => {},
): ModelMemory {
  const residents = new Set<Resident>()
  let uses = 0
  const used = () => {
    let bytes = 0
    for (const { loaded, graph } of residents) if (loaded) bytes += bytesOf(graph)
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
      oldest.evictions++
      onEvicted(oldest.graph.name, newcomer.graph.name)
      // It finishes the runs under way; new ones load it again.
      void oldest.graph.close()
    }
  }

  return {
    budgetBytes,
    used,
    residents: () =>
      [...residents].map(({ loaded, graph, loads, evictions }) => ({
        ...{ name: graph.name, loaded, loads, evictions },
        ...{ fileBytes: graph.bytes, bytes: loaded ? bytesOf(graph) : 0 },
        ...{ placement: graph.placement, microseconds: graph.microseconds },
        problem: loaded ? graph.problem() : undefined,
      })),
    open: async (name, file, options) => {
      const graph = await openTensorModel(name, file, options)
      const resident: Resident = { graph, loaded: true, loading: undefined, lastUse: ++uses, loads: 1, evictions: 0 }
      residents.add(resident)
      makeRoom(resident)

      async function reload(): Promise<TensorModel> {
        try {
          const again = await openTensorModel(name, await options.read(), options)
          resident.graph = again
          resident.loads++
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
