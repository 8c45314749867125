import { stat } from 'node:fs/promises'
import type * as Ort from 'onnxruntime-node'
import { OrreryError } from '#platform/errors'
import { type Bundle, readBundle } from './bundle.ts'
import { firstLine, ModelBroken, ModelFailed } from './errors.ts'
import { fromOrt, loadRuntime, specOf, toOrt } from './ort.ts'
import { checkTensors, checkWanted } from './tensor.ts'
import type { ModelFile, TensorModel } from './tensor-model.ts'

/**
 * Opens a graph in this process; its runs block the JS thread.
 * @throws ModelBroken when the file is no graph that can run
 */
export async function openInlineModel(name: string, file: ModelFile): Promise<TensorModel> {
  const ort = await loadRuntime()
  const session = await createSession(ort, name, file)
  try {
    return inlineModel(ort, name, session, typeof file === 'string' ? (await stat(file)).size : file.byteLength)
  } catch (error) {
    await session.release()
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

async function createSession(
  { InferenceSession }: typeof Ort,
  name: string,
  file: Uint8Array | string,
): Promise<Ort.InferenceSession> {
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
    if (bundle && manifest)
      return await InferenceSession.create(bundle.files.get(manifest.main) ?? new Uint8Array(), options)
    return await (typeof file === 'string'
      ? InferenceSession.create(file, options)
      : InferenceSession.create(file, options))
  } catch (error) {
    throw new ModelBroken(name, `ONNX Runtime does not take the file (${firstLine(error)})`, error)
  }
}

function inlineModel(ort: typeof Ort, name: string, session: Ort.InferenceSession, bytes: number): TensorModel {
  const inputs = session.inputMetadata.map((input) => {
    const spec = specOf(input)
    if (!spec) throw new ModelBroken(name, `its input "${input.name}" is ${input.isTensor ? input.type : 'no tensor'}`)
    return spec
  })
  // Classifiers of some converters give a list of maps beside their tensor: nobody can ask for that.
  const outputs = session.outputMetadata.map(specOf).filter((output) => output !== undefined)
  if (outputs.length === 0) throw new ModelBroken(name, 'it gives no tensor')
  const everything = outputs.map((output) => output.name)
  let running = 0
  let idle: (() => void) | undefined
  let closing: Promise<void> | undefined

  return {
    name,
    inputs,
    outputs,
    bytes,
    placement: 'inline',
    problem: () => undefined,
    run: async (feeds, wanted = everything) => {
      if (closing) throw new ModelFailed(name, 'it was unloaded')
      checkTensors(name, inputs, feeds)
      if (wanted !== everything) checkWanted(name, outputs, wanted)
      running++
      try {
        const given: Record<string, Ort.Tensor> = {}
        for (const input of inputs) given[input.name] = toOrt(ort, name, input.name, feeds[input.name]!)
        const results = await session.run(given, wanted)
        return Object.fromEntries(wanted.map((output) => [output, fromOrt(results[output]!)]))
      } catch (error) {
        if (error instanceof OrreryError) throw error
        throw new ModelFailed(name, firstLine(error), error)
      } finally {
        if (--running === 0) idle?.()
      }
    },
    close: () => {
      closing ??= (async () => {
        if (running > 0) await new Promise<void>((resolve) => (idle = resolve))
        await session.release()
      })()
      return closing
    },
  }
}
