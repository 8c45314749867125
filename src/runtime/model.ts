import type { Frame } from '#platform/table'
import { type GraphInput, pixelsOf, type Signature } from './contract.ts'
import { firstLine, ModelBroken, ModelFailed, RecordsNotTaken } from './errors.ts'
import type { Bundle, GraphPackage } from './bundle.ts'
import { composeModels, graphSignature, PART_OUTPUT } from './graph/compose.ts'
import { expectedInputs, inputTensor } from './graph-inputs.ts'
import { bundleOf } from './inline-model.ts'
import type { ModelMemory } from './memory.ts'
import { outputNameOf, signatureMisfit } from './misfit.ts'
import { openTensorModel } from './open-model.ts'
import type { OpenOptions } from './open-options.ts'
import { type EncodedRows, encodeFrame, encodeRecords, type PredictionRecord } from './records.ts'
import { pictureFeeds } from './picture-feeds.ts'
import { blankFeeds, type Tensor, type Tensors } from './tensor.ts'
import type { ModelFile, TensorModel } from './tensor-model.ts'

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
  /** The graph below it, for who speaks in tensors. */
  readonly graph: TensorModel
  /** Of a model that is put together of others: their names. */
  readonly parts: readonly string[]

  /** @throws RecordsNotTaken when it takes pictures or plain tensors */
  feeds(rows: EncodedRows): Tensors
  /**
   * Runs the model once. Where it is placed inline, that blocks the JS thread and starts in a later turn of the loop, or with `now`
   * in this one.
   *
   * @param onParts is told what each part alone answers, rows × its outputs, `NaN` in rows that it was not asked
   * @returns binary: P(`classes[1]`) per row; multiclass: rows × classes, a row's probabilities side by side;
   *   regression: the value per row
   * @throws ModelFailed
   */
  run(feeds: Tensors, rows: number, onParts?: (parts: PartScores) => void, now?: boolean): Promise<Float64Array>
  /**
   * As `run`, and beside it where each picture lies among those of the training: rows × k, of the signature's `embedding`;
   * empty where it names none.
   */
  runWithEmbedding(feeds: Tensors, rows: number): Promise<{ scores: Float64Array; embedding: Float64Array }>
  /** Records or a frame to answers, as `run` gives them. @throws RecordInvalid, ModelFailed */
  predict(input: readonly PredictionRecord[] | Frame): Promise<Float64Array>
  /** Frees its memory once the runs under way are over. */
  close(): Promise<void>
}

/** By part, what it alone answers. */
export type PartScores = ReadonlyMap<string, Float64Array>

export interface LoadOptions extends Omit<OpenOptions, 'warmUp'> {
  /** What it shares its memory with: it may leave between two runs, and is then loaded again by `read`. */
  readonly memory?: ModelMemory | undefined
}

/**
 * Loads an ONNX package: one input `[n,1]` per feature (float32 with `NaN` for missing, or text with `''`), the output
 * `probabilities` `[n,classes]` of a classifier or `prediction` `[n,1]` of a regression; or what the signature's `graph`
 * says instead, where a binary model may also give P(positive) alone. A model of pictures has one input `[n,h,w,c]` or
 * `[n,c,h,w]`; who loads a model of plain tensors speaks to its `graph`.
 *
 * @param name `model@version`, for messages
 * @throws ModelBroken when the file is damaged, does not fit the signature, or gives no numbers in a warm-up
 */
export async function loadModel(
  name: string,
  file: ModelFile,
  signature: Signature,
  { memory, ...options }: LoadOptions = {},
): Promise<LoadedModel> {
  const graph = await openGraph(name, file, signature, { memory, ...options })
  const misfit = signatureMisfit(graph, signature)
  if (misfit) {
    await graph.close()
    throw new ModelBroken(name, misfit)
  }

  const { features, task, classes } = signature
  const inputs = expectedInputs(signature)
  const placeOf = placesOf(features)
  const outputName = outputNameOf(signature)
  const width = task === 'regression' ? 1 : classes.length
  const outputs = task === 'multiclass' ? width : 1
  const partOutputs = graph.outputs.filter((output) => output.name.startsWith(PART_OUTPUT)).map((output) => output.name)
  const parts = partOutputs.map((output) => output.slice(PART_OUTPUT.length))
  const partScores = (results: Tensors): PartScores =>
    new Map(
      parts.flatMap((part, p) => {
        const tensor = results[partOutputs[p]!]
        return tensor ? [[part, tensor.data as Float64Array]] : []
      }),
    )

  const model: LoadedModel = {
    name,
    signature,
    outputs,
    featuresKey: JSON.stringify([
      features.map(({ name, kind, required }) => [name, kind, required]),
      signature.graph?.inputs,
      signature.image,
    ]),
    bytes: graph.bytes,
    graph,
    parts,
    feeds: (rows) => {
      if (signature.image && rows.pictures) return pictureFeeds(name, signature.image, rows)
      if (signature.image || signature.tensors)
        throw new RecordsNotTaken(name, signature.image ? 'pictures' : 'tensors')
      return feedsOf(inputs, rows, placeOf)
    },
    run: async (feeds, rows, onParts, now) => {
      if (signature.tensors) throw new RecordsNotTaken(name, 'tensors')
      const wanted = partOutputs.length > 0 ? undefined : [outputName]
      const results = (now && graph.runNow?.(feeds, wanted)) || (await graph.run(feeds, wanted))
      if (onParts && partOutputs.length > 0) onParts(partScores(results))
      return answersOf(results[outputName]!, rows, width, task)
    },
    runWithEmbedding: async (feeds, rows) => {
      const embedding = signature.image?.embedding
      if (embedding === undefined) return { scores: await model.run(feeds, rows), embedding: new Float64Array() }
      const results = await graph.run(feeds, [outputName, embedding])
      return {
        scores: answersOf(results[outputName]!, rows, width, task),
        embedding: Float64Array.from(results[embedding]!.data as Float32Array),
      }
    },
    predict: async (input) => {
      const encoded = isFrame(input) ? encodeFrame(features, input) : encodeRecords(features, input)
      return model.run(model.feeds(encoded), encoded.rows)
    },
    close: () => graph.close(),
  }

  function answersOf(tensor: Tensor, rows: number, columns: number, kind: Signature['task']): Float64Array {
    const data = tensor.data as Float32Array | Float64Array
    if (kind === 'binary' && data.length === rows && (signature.graph || signature.image))
      return Float64Array.from(data)
    if (data.length !== rows * columns)
      throw new ModelFailed(name, `it gave ${data.length} numbers for ${rows} rows of ${columns}`)
    if (kind !== 'binary') return Float64Array.from(data)
    const positive = new Float64Array(rows)
    for (let r = 0; r < rows; r++) positive[r] = data[2 * r + 1]!
    return positive
  }

  // What plain tensors must be for a graph to have an answer, nobody says.
  if (!signature.tensors) await warmUp(model)
  return model
}

async function openGraph(
  name: string,
  file: ModelFile,
  signature: Signature,
  { memory, ...options }: LoadOptions,
): Promise<TensorModel> {
  const bundle = bundleOf(name, file)
  if (bundle?.manifest.kind === 'graph') return openParts(name, bundle, bundle.manifest, { memory, ...options })
  const opened = { ...options, warmUp: warmUpFeeds(signature) }
  if (!memory) return openTensorModel(name, file, opened)
  return memory.open(name, file, { ...opened, read: options.read ?? (async () => file) })
}

/** Each part is a model of its own: placed where it suits it, and one that misbehaves in a process of its own. */
async function openParts(
  name: string,
  { files }: Bundle,
  { parts, inputs, answer }: GraphPackage,
  options: LoadOptions,
): Promise<TensorModel> {
  const loaded = new Map<string, LoadedModel>()
  try {
    for (const [part, { file, of, signature }] of Object.entries(parts)) {
      const read = async () =>
        fileIn(bundleOf(name, (await options.read?.()) ?? new Uint8Array())?.files ?? files, file)
      loaded.set(part, await loadModel(`${name} (${of})`, await read(), signature, { ...options, read }))
    }
    return composeModels(name, graphSignature(name, answer, loaded, inputs), answer, loaded)
  } catch (error) {
    for (const model of loaded.values()) await model.close()
    throw error
  }

  function fileIn(all: ReadonlyMap<string, Uint8Array>, file: string): Uint8Array {
    const found = all.get(file)
    if (!found) throw new ModelBroken(name, `it lacks its file ${file}`)
    return found
  }
}

/** The first real request must not pay for what a first run sets up, nor be the first to find that there is no answer. */
async function warmUp(model: LoadedModel): Promise<void> {
  let reason: string | undefined
  try {
    const answer = await model.run(warmUpFeeds(model.signature)!, 1)
    if (!answer.every(Number.isFinite)) reason = 'it answers a row of missing values with no number'
  } catch (error) {
    reason = `its warm-up failed (${firstLine(error)})`
  }
  if (!reason) return
  await model.close()
  throw new ModelBroken(model.name, reason)
}

/** One row without any value that the model can do without; a black picture; `undefined` for plain tensors. */
function warmUpFeeds(signature: Signature): Tensors | undefined {
  const { features, image, tensors } = signature
  if (tensors) return undefined
  if (image) return blankFeeds([{ name: image.input, datatype: 'FP32', shape: [1, ...pixelsOf(image)] }])
  const columns = features.map(({ kind, required, categories }) =>
    kind === 'numeric' ? Float32Array.of(required ? 0 : Number.NaN) : [(required && categories?.[0]) || ''],
  )
  return feedsOf(expectedInputs(signature), { rows: 1, columns }, placesOf(features))
}

const placesOf = (features: Signature['features']) => new Map(features.map(({ name }, place) => [name, place]))

function feedsOf(inputs: readonly GraphInput[], rows: EncodedRows, placeOf: ReadonlyMap<string, number>): Tensors {
  const feeds: Record<string, Tensor> = {}
  for (const input of inputs) feeds[input.name] = inputTensor(input, rows, placeOf)
  return feeds
}

function isFrame(input: readonly PredictionRecord[] | Frame): input is Frame {
  return 'columns' in input
}
