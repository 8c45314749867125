import type * as Ort from 'onnxruntime-node'
import type { Frame } from '#platform/table'
import type { Signature } from './contract.ts'
import { ModelBroken, ModelFailed } from './errors.ts'
import { expectedInputs, inputTensor } from './graph-inputs.ts'
import { type EncodedRows, encodeFrame, encodeRecords, type PredictionRecord } from './records.ts'

/** The inputs of one run, shared by every version that takes the same features. */
export type Feeds = Record<string, Ort.Tensor>

/** A model in memory, ready to answer: its session was created, checked against its signature and warmed up. */
export interface LoadedModel {
  /** `name@version`, for messages. */
  readonly name: string
  readonly signature: Signature
  /** Numbers per row that it gives: the classes of a multiclass model, otherwise 1. */
  readonly outputs: number
  /** Equal for two models that take the same features in the same order. */
  readonly featuresKey: string
  /** Size of its file; what it takes in memory is of that order. */
  readonly bytes: number

  feeds(rows: EncodedRows): Feeds
  /**
   * Runs the model once. The inference blocks the JS thread for its duration and starts in a later turn of the loop.
   *
   * @returns binary: P(`classes[1]`) per row; multiclass: rows × classes, a row's probabilities side by side;
   *   regression: the value per row
   * @throws ModelFailed
   */
  run(feeds: Feeds, rows: number): Promise<Float64Array>
  /** Records or a frame to answers, as `run` gives them. @throws RecordInvalid, ModelFailed */
  predict(input: readonly PredictionRecord[] | Frame): Promise<Float64Array>
  /** Frees its memory once the runs under way are over. */
  close(): Promise<void>
}

// Loaded on first use: a server without a deployed model neither waits for it nor pays its memory.
let runtime: Promise<typeof Ort> | undefined
function loadRuntime(): Promise<typeof Ort> {
  runtime ??= import('onnxruntime-node')
  return runtime
}

const PROBABILITIES = 'probabilities'
const PREDICTION = 'prediction'

/**
 * Loads an ONNX package: one input `[n,1]` per feature (float32 with `NaN` for missing, or text with `''`), the output
 * `probabilities` `[n,classes]` of a classifier or `prediction` `[n,1]` of a regression; or what the signature's `graph`
 * says instead, where a binary model may also give P(positive) alone.
 *
 * @param name `model@version`, for messages
 * @throws ModelBroken when the file is damaged, does not fit the signature, or gives no numbers in a warm-up
 */
export async function loadModel(name: string, bytes: Uint8Array, signature: Signature): Promise<LoadedModel> {
  const ort = await loadRuntime()
  const { InferenceSession } = ort
  let session: Ort.InferenceSession
  try {
    session = await InferenceSession.create(bytes, {
      // One thread: requests are the parallelism, and idle threads that spin would take their cores.
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      // Its errors are thrown; what it would print about them has no place in our log.
      logSeverityLevel: 4,
    })
  } catch (error) {
    throw new ModelBroken(name, `ONNX Runtime does not take the file (${firstLine(error)})`, error)
  }
  const misfit = signatureMisfit(session, signature)
  if (misfit) {
    await session.release()
    throw new ModelBroken(name, misfit)
  }

  const { features, task, classes } = signature
  const inputs = expectedInputs(signature)
  const placeOf = new Map(features.map((feature, place) => [feature.name, place]))
  const outputName = outputNameOf(signature)
  const width = task === 'regression' ? 1 : classes.length
  const outputs = task === 'multiclass' ? width : 1
  let running = 0
  let idle: (() => void) | undefined
  let closing: Promise<void> | undefined

  const model: LoadedModel = {
    name,
    signature,
    outputs,
    featuresKey: JSON.stringify([
      features.map(({ name, kind, required }) => [name, kind, required]),
      signature.graph?.inputs,
    ]),
    bytes: bytes.byteLength,
    feeds: (rows) => Object.fromEntries(inputs.map((input) => [input.name, inputTensor(ort, input, rows, placeOf)])),
    run: async (feeds, rows) => {
      if (closing) throw new ModelFailed(name, 'it was unloaded')
      running++
      try {
        const results = await session.run(feeds, [outputName])
        return answersOf(results[outputName]!, rows, width, task)
      } catch (error) {
        if (error instanceof ModelFailed) throw error
        throw new ModelFailed(name, firstLine(error), error)
      } finally {
        if (--running === 0) idle?.()
      }
    },
    predict: async (input) => {
      const encoded = isFrame(input) ? encodeFrame(features, input) : encodeRecords(features, input)
      return model.run(model.feeds(encoded), encoded.rows)
    },
    close: () => {
      closing ??= (async () => {
        if (running > 0) await new Promise<void>((resolve) => (idle = resolve))
        await session.release()
      })()
      return closing
    },
  }

  function answersOf(tensor: Ort.Tensor, rows: number, columns: number, kind: Signature['task']): Float64Array {
    const data = tensor.data as Float32Array | Float64Array
    if (kind === 'binary' && data.length === rows && signature.graph) return Float64Array.from(data)
    if (data.length !== rows * columns)
      throw new ModelFailed(name, `it gave ${data.length} numbers for ${rows} rows of ${columns}`)
    if (kind !== 'binary') return Float64Array.from(data)
    const positive = new Float64Array(rows)
    for (let r = 0; r < rows; r++) positive[r] = data[2 * r + 1]!
    return positive
  }

  await warmUp(model)
  return model
}

/** One row without any value that the model can do without: the first real request must not pay for what a first run sets up. */
async function warmUp(model: LoadedModel): Promise<void> {
  const missing = model.signature.features.map(({ kind, required, categories }) =>
    kind === 'numeric' ? Float32Array.of(required ? 0 : Number.NaN) : [(required && categories?.[0]) || ''],
  )
  let reason: string | undefined
  try {
    const answer = await model.run(model.feeds({ rows: 1, columns: missing }), 1)
    if (!answer.every(Number.isFinite)) reason = 'it answers a row of missing values with no number'
  } catch (error) {
    reason = `its warm-up failed (${firstLine(error)})`
  }
  if (!reason) return
  await model.close()
  throw new ModelBroken(model.name, reason)
}

/** Why the graph is not what the signature says, or `undefined`. */
function signatureMisfit(session: Ort.InferenceSession, signature: Signature): string | undefined {
  const { task, classes, features, graph } = signature
  if (task === 'binary' && classes.length !== 2) return `a binary signature names ${classes.length} classes`
  if (task === 'multiclass' && classes.length < 2) return `a multiclass signature names ${classes.length} classes`
  const names = new Set(features.map((feature) => feature.name))
  const inputs = new Map(session.inputMetadata.map((input) => [input.name, input]))
  for (const { name, type, features: taken } of expectedInputs(signature)) {
    const input = inputs.get(name)
    if (!input) return `it has no input "${name}"`
    if (!input.isTensor || input.type !== type) {
      const kind = type === 'string' ? 'categorical' : 'numeric'
      return `its input "${name}" is ${input.isTensor ? input.type : 'no tensor'}, a ${kind} feature needs ${type}`
    }
    const unknown = taken.find((feature) => !names.has(feature))
    if (unknown !== undefined) return `its input "${name}" takes "${unknown}", which is none of its features`
    inputs.delete(name)
  }
  const [extra] = inputs.keys()
  if (extra !== undefined) return `it wants an input "${extra}" that the signature does not have`

  const wanted = outputNameOf(signature)
  const output = session.outputMetadata.find((candidate) => candidate.name === wanted)
  if (!output?.isTensor) return `it has no output "${wanted}"`
  if (output.type !== 'float32' && output.type !== 'float64') return `its output "${wanted}" is ${output.type}`
  const width = output.shape[1]
  const expected = task === 'regression' ? 1 : classes.length
  if (typeof width === 'number' && width !== expected && !(graph && task === 'binary' && width === 1))
    return `its output "${wanted}" has ${width} columns, the signature ${expected}`
  return undefined
}

const outputNameOf = ({ task, graph }: Signature) =>
  graph?.output ?? (task === 'regression' ? PREDICTION : PROBABILITIES)

function isFrame(input: readonly PredictionRecord[] | Frame): input is Frame {
  return 'columns' in input
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.split('\n', 1)[0]!.slice(0, 300)
}
