/** The child process that opens an ONNX file somebody logged: a file that breaks the runtime breaks this process only. */
import { readFile, stat, writeFile } from 'node:fs/promises'
import { type InferenceSession as Session, InferenceSession } from 'onnxruntime-node'
import { serveAsChild } from '#platform/process'
import { type LoadedModel, loadModel, ModelBroken, writeBundle } from '#runtime'
import type { FeatureSpec, GraphInput, Signature } from '#runtime/contract'
import { classLabels } from '../class-labels.ts'
import { ModelFilesUnfit, ModelNotConvertible } from '../errors.ts'
import { externalFiles } from '../external-data.ts'
import type { InputColumn } from '../mlmodel.ts'
import { drawRecords, exampleRecords } from '../sample-rows.ts'

export interface TakeOnnxInput {
  onnx: string
  /** Files beside it, by their names there: in some of them its weights may lie. */
  beside: Record<string, string>
  /** Where it is left together with those. */
  bundle: string
  columns: InputColumn[]
  label: string
  task: Signature['task'] | null
  classes: string[] | null
  /** The text of the input example. */
  example: string | null
  /** Where requests with their answers are left. */
  requests: string
}

export interface TakenOnnx {
  signature: Signature
  /** It was left as a bundle: its weights lie in files of their own. */
  bundled: boolean
}

/** What a package may hold, which is read at once. */
const LARGEST_BUNDLE = 1024 ** 3

serveAsChild<TakeOnnxInput>(async (input, progress): Promise<TakenOnnx> => {
  progress('opening the ONNX file')
  const bytes = await readFile(input.onnx)
  const files = await weightsOf(bytes, input.beside)
  const session = await InferenceSession.create(bytes, {
    ...{ intraOpNumThreads: 1, logSeverityLevel: 4 },
    ...(files.size > 0 && { externalData: [...files].map(([path, data]) => ({ path, data })) }),
  }).catch((error) => {
    throw new ModelBroken('the logged model', `ONNX Runtime does not take the file (${String(error).split('\n')[0]})`)
  })
  const signature = signatureOf(session, bytes, input)
  await session.release()
  const bundled = files.size > 0
  const main = 'model.onnx'
  const packed = bundled
    ? writeBundle({ manifest: { kind: 'onnx', main }, files: new Map([[main, bytes], ...files]) })
    : bytes
  if (bundled) await writeFile(input.bundle, packed)
  const model = await loadWithoutOrWithAll(packed, signature)
  const { features } = model.signature
  const example = input.example === null ? [] : exampleRecords(input.example, features)
  const records = [...example, ...drawRecords(features, example)]
  const answers = await model.predict(records)
  const lines = records.map((record, r) => {
    const answer = [...answers.subarray(r * model.outputs, (r + 1) * model.outputs)]
    return { record, answer }
  })
  const answered = lines.filter(({ answer }) => answer.every(Number.isFinite))
  if (answered.length === 0) throw new ModelNotConvertible('it answers none of the rows of its signature with a number')
  await writeFile(input.requests, answered.map((line) => `${JSON.stringify(line)}\n`).join(''))
  await model.close()
  return { signature: model.signature, bundled }
})

/** @throws ModelFilesUnfit when a file that it names is not among its own, or they are too large */
async function weightsOf(onnx: Uint8Array, beside: Readonly<Record<string, string>>): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>()
  let size = onnx.byteLength
  for (const name of externalFiles(onnx)) {
    const path = Object.hasOwn(beside, name) ? beside[name] : undefined
    if (path === undefined)
      throw new ModelFilesUnfit(`its weights lie in ${name.slice(0, 200)}, which is not among them`)
    size += (await stat(path)).size
    if (size > LARGEST_BUNDLE) throw new ModelFilesUnfit('with its weights it has more than 1 GiB')
    files.set(name, await readFile(path))
  }
  return files
}

/** What a missing value does to it is found by asking: where it has no answer then, every value is required. */
async function loadWithoutOrWithAll(bytes: Uint8Array, signature: Signature): Promise<LoadedModel> {
  try {
    return await loadModel('the logged model', bytes, signature)
  } catch (error) {
    if (!(error instanceof ModelBroken)) throw error
    const features = signature.features.map((feature) => ({ ...feature, required: true }))
    return loadModel('the logged model', bytes, { ...signature, features })
  }
}

function signatureOf(session: Session, bytes: Uint8Array, input: TakeOnnxInput): Signature {
  const inputs = bindInputs(session, input.columns)
  return {
    ...answersOf(session, bytes, input),
    features: input.columns.map(featureOf),
    label: input.label,
    graph: { inputs, output: outputOf(session, input.classes ?? classLabels(bytes) ?? null).name },
  }
}

const featureOf = ({ name, type }: InputColumn): FeatureSpec =>
  type === 'boolean'
    ? { name, kind: 'categorical', categories: ['false', 'true'], required: true }
    : { name, kind: type === 'string' ? 'categorical' : 'numeric' }

const TYPES: readonly string[] = ['float32', 'float64', 'int64', 'bool', 'string']

/** One matrix of all columns, or an input for each. */
function bindInputs(session: Session, columns: readonly InputColumn[]): GraphInput[] {
  const names = columns.map(({ name }) => name)
  const found = session.inputMetadata
  const single = found.length === 1 && !names.includes(found[0]!.name) ? found[0]! : undefined
  const inputs = found.map((input) => {
    const features = single ? names : [input.name]
    if (!input.isTensor || !TYPES.includes(input.type))
      throw new ModelNotConvertible(`its input "${input.name}" is ${input.isTensor ? input.type : 'no tensor'}`)
    const width = input.shape[1]
    if (input.shape.length !== 2 || (typeof width === 'number' && width > 0 && width !== features.length))
      throw new ModelNotConvertible(
        `its input "${input.name}" has the shape [${input.shape.join(', ')}], and its signature ${names.length} columns`,
      )
    if (!single && !names.includes(input.name))
      throw new ModelNotConvertible(`its input "${input.name}" is no column of its signature`)
    return { name: input.name, type: input.type as GraphInput['type'], features }
  })
  if (inputs.length === 0) throw new ModelNotConvertible('it takes nothing')
  return inputs
}

function outputOf(session: Session, classes: readonly string[] | null) {
  const numbers = session.outputMetadata.filter(
    (output) => output.isTensor && (output.type === 'float32' || output.type === 'float64'),
  )
  const width = (output: (typeof numbers)[number]) => (output.isTensor ? output.shape[1] : undefined)
  const found = numbers.find((output) => classes && width(output) === classes.length) ?? numbers.at(-1)
  if (found?.isTensor) return found
  throw new ModelNotConvertible(
    'it gives no tensor of numbers; convert a classifier with zipmap=False, so that it gives its probabilities as one',
  )
}

/** As people say; otherwise as the graph names its classes; otherwise one number is a value, and several are classes. */
function answersOf(
  session: Session,
  bytes: Uint8Array,
  { task, classes }: Pick<TakeOnnxInput, 'task' | 'classes'>,
): Pick<Signature, 'task' | 'classes'> {
  const labels = classes ?? (task === 'regression' ? undefined : classLabels(bytes))
  const output = outputOf(session, labels ?? null)
  const width = output.shape[1]
  if (task === 'regression') return { task, classes: [] }
  if (labels) return { task: task ?? (labels.length === 2 ? 'binary' : 'multiclass'), classes: labels }
  if (typeof width === 'number' && width > 1)
    return { task: width === 2 ? 'binary' : 'multiclass', classes: Array.from({ length: width }, (_, k) => String(k)) }
  if (task === 'binary') return { task, classes: ['0', '1'] }
  if (task === 'multiclass') throw new ModelNotConvertible('nobody says what its classes are')
  return { task: 'regression', classes: [] }
}
