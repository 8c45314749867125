import type { Logger } from '#platform/log'
import { type InferenceModel, type InferenceModels, ModelUnknown } from '#protocols/oip'
import { loadModel, openTensorModel, type LoadedModel, type TensorModel } from '#runtime'
import { ModelNotLoaded } from './errors.ts'
import type { ModelSource, ModelSources } from './sources.ts'

/** A model that was opened; with its signature when it came from a registry. */
export interface OpenModel {
  readonly source: ModelSource
  readonly graph: TensorModel
  readonly signed: SignedModel | undefined
}

/** A model of records, whose answers are counted like those of its graph. */
export type SignedModel = Pick<LoadedModel, 'signature' | 'outputs' | 'predict'>

export interface FileModels extends InferenceModels {
  /** @throws ModelUnknown, ModelNotLoaded */
  open(name: string): Promise<OpenModel>
  names(): readonly string[]
  close(): Promise<void>
}

interface Slot {
  current: OpenModel | undefined
  /** Why it cannot answer. */
  problem: string
  readonly answered: { count: number; us: number }
  readonly failed: { count: number; us: number }
}

/** Models of files, opened at once; one that is broken is told, and the others answer. */
export async function openFileModels(sources: ModelSources, log: Logger): Promise<FileModels> {
  const slots = new Map<string, Slot>()

  async function load(source: ModelSource): Promise<void> {
    const slot = slots.get(source.name) ?? newSlot()
    slots.set(source.name, slot)
    const before = slot.current
    try {
      const { onnx, signature } = await source.read()
      if (signature && typeof onnx !== 'string') {
        const signed = await loadModel(source.name, onnx, signature, { placement: 'auto' })
        const predict: SignedModel['predict'] = (records) => counted(slot, () => signed.predict(records))
        slot.current = { source, graph: signed.graph, signed: { ...signed, predict } }
      } else
        slot.current = {
          source,
          graph: await openTensorModel(source.name, onnx, { placement: 'auto' }),
          signed: undefined,
        }
    } catch (error) {
      slot.problem = (error as Error).message
      log.warn({ err: error, model: source.name }, 'model cannot be served')
      throw error
    }
    // The one before answers what it was asked until then.
    await before?.graph.close()
  }

  function slotOf(name: string): Slot {
    const slot = slots.get(name)
    if (!slot) throw new ModelUnknown(name, [...slots.keys()])
    return slot
  }

  function opened(name: string): OpenModel {
    const { current, problem } = slotOf(name)
    if (!current) throw new ModelNotLoaded(name, problem)
    return current
  }

  function answering(name: string, { source, graph }: OpenModel): InferenceModel {
    const slot = slotOf(name)
    return {
      name,
      version: source.version,
      inputs: graph.inputs,
      outputs: graph.outputs,
      infer: async ({ id, feeds, wanted }) => {
        const outputs = await counted(slot, () => graph.run(feeds, wanted))
        return { model: name, version: source.version, id, outputs }
      },
    }
  }

  const first = await Promise.allSettled((await sources.list()).map(load))
  // With nothing to answer with there is nothing to serve.
  if (first.every(({ status }) => status === 'rejected')) throw (first[0] as PromiseRejectedResult).reason

  return {
    open: async (name) => opened(name),
    names: () => [...slots.keys()],
    model: async (name, version) => {
      const model = opened(name)
      if (version === undefined || version === '' || version === model.source.version) return answering(name, model)
      throw new ModelUnknown(`${name}@${version}`, [`${name}@${model.source.version}`])
    },
    problems: () =>
      [...slots].flatMap(([name, slot]) => {
        const problem = problemOf(slot)
        return problem === undefined ? [] : [`${name}: ${problem}`]
      }),
    index: async () =>
      [...slots].map(([name, slot]) => {
        const problem = problemOf(slot)
        return {
          name,
          version: slot.current?.source.version ?? '',
          state: problem === undefined ? 'READY' : 'UNAVAILABLE',
          reason: problem ?? '',
        }
      }),
    counts: async (name) => {
      if (name !== undefined) slotOf(name)
      return [...slots]
        .filter(([one]) => name === undefined || one === name)
        .map(([one, { current, answered, failed }]) => ({
          name: one,
          version: current?.source.version ?? '',
          inferences: answered.count,
          ...{ requests: { ...answered }, failures: { ...failed }, runs: { ...answered } },
        }))
    },
    load: async (name) => {
      const source = (await sources.list()).find((one) => one.name === name)
      if (!source) throw new ModelUnknown(name, [...slots.keys()])
      await load(source)
    },
    unload: async (name) => {
      const slot = slotOf(name)
      const { current } = slot
      slot.current = undefined
      slot.problem = 'it was unloaded'
      await current?.graph.close()
    },
    close: async () => {
      await Promise.all([...slots.values()].map(({ current }) => current?.graph.close()))
    },
  }
}

/** Why it cannot answer, or `undefined`: it is not loaded, or its process rests. */
const problemOf = ({ current, problem }: Slot) => (current ? current.graph.problem() : problem)

async function counted<T>(slot: Slot, run: () => Promise<T>): Promise<T> {
  const began = performance.now()
  const count = (timed: Slot['answered']) => {
    timed.count++
    timed.us += (performance.now() - began) * 1000
  }
  try {
    const answer = await run()
    count(slot.answered)
    return answer
  } catch (error) {
    count(slot.failed)
    throw error
  }
}

const newSlot = (): Slot => ({
  ...{ current: undefined, problem: 'it is loading' },
  ...{ answered: { count: 0, us: 0 }, failed: { count: 0, us: 0 } },
})
