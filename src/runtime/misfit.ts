import { type ImageInput, pixelsOf, type Signature, type TensorSpec, takesRecords } from './contract.ts'
import { DATATYPE_OF_INPUT, expectedInputs } from './graph-inputs.ts'

const PROBABILITIES = 'probabilities'
const PREDICTION = 'prediction'

/** The output that answers. */
export const outputNameOf = ({ task, graph }: Signature) =>
  graph?.output ?? (task === 'regression' ? PREDICTION : PROBABILITIES)

/** What a graph takes and gives. */
interface Graph {
  readonly inputs: readonly TensorSpec[]
  readonly outputs: readonly TensorSpec[]
}

/** Why the graph is not what the signature says, or `undefined`. */
export function signatureMisfit(model: Graph, signature: Signature): string | undefined {
  const { image, tensors } = signature
  if (tensors)
    return (
      specsMisfit('input', model.inputs, tensors.inputs) ??
      specsMisfit('output', model.outputs, tensors.outputs) ??
      (model.inputs.length === tensors.inputs.length ? undefined : 'it wants inputs that the signature does not have')
    )
  if (takesRecords(signature) && signature.features.length === 0) return 'its signature has no features'
  return (image ? imageMisfit(model, image) : featuresMisfit(model, signature)) ?? answerMisfit(model, signature)
}

function featuresMisfit(model: Graph, signature: Signature): string | undefined {
  const names = new Set(signature.features.map(({ name }) => name))
  const inputs = new Map(model.inputs.map((input) => [input.name, input]))
  for (const { name, type, features: taken } of expectedInputs(signature)) {
    const input = inputs.get(name)
    if (!input) return `it has no input "${name}"`
    if (input.datatype !== DATATYPE_OF_INPUT[type]) {
      const kind = type === 'string' ? 'categorical' : 'numeric'
      return `its input "${name}" is ${input.datatype}, a ${kind} feature needs ${DATATYPE_OF_INPUT[type]}`
    }
    const unknown = taken.find((feature) => !names.has(feature))
    if (unknown !== undefined) return `its input "${name}" takes "${unknown}", which is none of its features`
    inputs.delete(name)
  }
  const [extra] = inputs.keys()
  return extra === undefined ? undefined : `it wants an input "${extra}" that the signature does not have`
}

function imageMisfit({ inputs, outputs }: Graph, image: ImageInput): string | undefined {
  const { channels, mean, std } = image
  const [input, extra] = inputs
  if (input?.name !== image.input || extra) return `"${image.input}" is not its one input`
  if (input.datatype !== 'FP32') return `its input "${image.input}" is ${input.datatype}, pixels need FP32`
  const expected = pixelsOf(image)
  const sizes = input.shape.slice(1)
  if (input.shape.length > 0 && (sizes.length !== 3 || sizes.some((size, d) => size >= 0 && size !== expected[d])))
    return `its input "${image.input}" has the shape [${input.shape.join(', ')}], its pictures [n, ${expected.join(', ')}]`
  if (mean.length !== channels || std.length !== channels)
    return `it needs a mean and a std for each of ${channels} channels`
  const embedding = outputs.find(({ name }) => name === image.embedding)
  if (image.embedding !== undefined && embedding?.datatype !== 'FP32' && embedding?.datatype !== 'FP64')
    return `it has no output "${image.embedding}" of numbers`
  return undefined
}

function answerMisfit({ outputs }: Graph, signature: Signature): string | undefined {
  const { task, classes, graph, image } = signature
  const wanted = outputNameOf(signature)
  const output = outputs.find((candidate) => candidate.name === wanted)
  if (!output) return `it has no output "${wanted}"`
  if (output.datatype !== 'FP32' && output.datatype !== 'FP64') return `its output "${wanted}" is ${output.datatype}`
  const width = output.shape[1]
  const expected = task === 'regression' ? 1 : classes.length
  if (
    width !== undefined &&
    width >= 0 &&
    width !== expected &&
    !((graph || image) && task === 'binary' && width === 1)
  )
    return `its output "${wanted}" has ${width} columns, the signature ${expected}`
  return undefined
}

function specsMisfit(kind: string, found: readonly TensorSpec[], expected: readonly TensorSpec[]): string | undefined {
  for (const { name, datatype, shape } of expected) {
    const one = found.find((candidate) => candidate.name === name)
    if (!one) return `it has no ${kind} "${name}"`
    if (one.datatype !== datatype) return `its ${kind} "${name}" is ${one.datatype}, the signature says ${datatype}`
    const differs = one.shape.some((size, d) => size >= 0 && shape[d]! >= 0 && size !== shape[d])
    if (one.shape.length > 0 && (one.shape.length !== shape.length || differs))
      return `its ${kind} "${name}" has the shape [${one.shape.join(', ')}], the signature says [${shape.join(', ')}]`
  }
  return undefined
}
