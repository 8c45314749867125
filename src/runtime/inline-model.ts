import { stat } from 'node:fs/promises'
import { setImmediate as thisTurnsEnd } from 'node:timers/promises'
import type * as Ort from 'onnxruntime-node'
import { type Bundle, readBundle } from './bundle.ts'
import { firstLine, ModelBroken, ModelFailed } from './errors.ts'
import { fromOrt, toOrt } from './ort.ts'
import { type OrtSession, openSession } from './ort-session.ts'
import { checkTensors, checkWanted, type Tensor, type Tensors } from './tensor.ts'
import type { ModelFile, TensorModel } from './tensor-model.ts'

/**
 * Opens a graph in this process; its runs block the JS thread.
 * @throws ModelBroken when the file is no graph that can run
 */
export async function openInlineModel(name: string, file: ModelFile): Promise<TensorModel> {
  const session = await createSession(name, file)
  try {
    return inlineModel(name, session, typeof file === 'string' ? (await stat(file)).size : file.byteLength)
  } catch (error) {
    session.release()
    throw error
  }
}

/** @throws ModelBroken when it begins as a bundle and is a broken one */
export function bundleOf(name: string, file: ModelFile): Bundle | undefined {
  if (typeof file === 'string') return undefined
  try {
    return readBundle(file)
  } catch (error) {
    throw new ModelBroken(name, `its files are not together (${firstLine(error)})`, error)
  }
}

async function createSession(name: string, file: Uint8Array | string): Promise<OrtSession> {
  const bundle = bundleOf(name, file)
  const manifest = bundle?.manifest
  if (manifest && manifest.kind !== 'onnx') throw new ModelBroken(name, `it is a package of ${manifest.kind}`)
  const options: Ort.InferenceSession.SessionOptions = {
    // One thread: requests are the parallelism, and idle threads that spin would take their cores.
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    // Its errors are thrown; what it would print about them has no place in our log.
    logSeverityLevel: 4,
    ...(bundle && { externalData: [...bundle.files].map(([path, data]) => ({ path, data })) }),
  }
  try {
    return await openSession(manifest ? (bundle.files.get(manifest.main) ?? new Uint8Array()) : file, options)
  } catch (error) {
    throw new ModelBroken(name, `ONNX Runtime does not take the file (${firstLine(error)})`, error)
  }
}

function inlineModel(name: string, session: OrtSession, bytes: number): TensorModel {
  const inputs = session.inputs.map((input) => {
    if ('datatype' in input) return input
    throw new ModelBroken(name, `its input "${input.name}" is ${input.type}`)
  })
  // Classifiers of some converters give a list of maps beside their tensor: nobody can ask for that.
  const outputs = session.outputs.filter((output) => output !== undefined)
  if (outputs.length === 0) throw new ModelBroken(name, 'it gives no tensor')
  const everything = outputs.map((output) => output.name)
  let running = 0
  let idle: (() => void) | undefined
  let closing: Promise<void> | undefined

  function runNow(feeds: Tensors, wanted: readonly string[] = everything): Record<string, Tensor> {
    if (closing && running === 0) throw new ModelFailed(name, 'it was unloaded')
    checkTensors(name, inputs, feeds)
    if (wanted !== everything) checkWanted(name, outputs, wanted)
    const given: Record<string, Ort.OnnxValue> = {}
    for (const input of inputs) given[input.name] = toOrt(name, input.name, feeds[input.name]!)
    try {
      const results = session.run(given, wanted)
      const answer: Record<string, Tensor> = {}
      for (const output of wanted) answer[output] = fromOrt(results[output]!)
      return answer
    } catch (error) {
      throw new ModelFailed(name, firstLine(error), error)
    }
  }

  return {
    name,
    inputs,
    outputs,
    bytes,
    placement: 'inline',
    problem: () => undefined,
    runNow,
    run: async (feeds, wanted) => {
      if (closing) throw new ModelFailed(name, 'it was unloaded')
      running++
      try {
        // Whoever runs it again and again lets others have their turn in between.
        await thisTurnsEnd()
        return runNow(feeds, wanted)
      } finally {
        if (--running === 0) idle?.()
      }
    },
    close: () => {
      closing ??= (async () => {
        if (running > 0) await new Promise<void>((resolve) => (idle = resolve))
        session.release()
      })()
      return closing
    },
  }
}
