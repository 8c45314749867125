import type { NumericDatatype, PredictionRecord, Tensor, Tensors } from '#runtime'
import type { FeatureSpec, Signature, TensorSpec } from '#runtime/contract'
import type { Prediction } from '#serving/contract'
import { halves } from './codec/datatypes.ts'
import { EndpointTensorInvalid } from './errors.ts'

/** Rows of one request, as many as `/predict` takes. */
const MOST_ROWS = 10_000

export const PREDICTION_ID = 'prediction_id'
export const LABEL = 'label'

type Cell = PredictionRecord[string]

/** Where the cells of one column stand in a tensor: every `stride`-th element from `offset` on. */
interface Column {
  readonly name: string
  readonly feature: FeatureSpec | undefined
  readonly tensor: Tensor
  readonly offset: number
  readonly stride: number
}

/** What of an endpoint says which tensors are its records. */
export interface TabularEndpoint {
  readonly name: string
  readonly signature: Signature
  /** Columns beside the features: when it happened. */
  readonly time: readonly string[]
  /** Whether records may leave out features, which the online store fills in, and name what it looks them up by. */
  readonly completes: boolean
}

/**
 * The records that tensors stand for: a tensor `[rows]` or `[rows, 1]` per feature, or `[rows, features]` as the graph
 * takes them side by side. NaN is a missing value.
 *
 * @throws EndpointTensorInvalid
 */
export function recordsFromTensors(endpoint: TabularEndpoint, feeds: Tensors): PredictionRecord[] {
  const columns = Object.entries(feeds).flatMap(([name, tensor]) => columnsOf(endpoint, name, tensor))
  const sent = new Map<string, string>()
  for (const { name } of columns) {
    if (sent.has(name)) throw new EndpointTensorInvalid(endpoint.name, name, 'it is sent twice', 'Send it once.')
    sent.set(name, name)
  }
  const missing = endpoint.completes ? undefined : endpoint.signature.features.find(({ name }) => !sent.has(name))
  if (missing)
    throw new EndpointTensorInvalid(
      endpoint.name,
      missing.name,
      'it is missing',
      `Send a tensor for each of ${featureNames(endpoint)}; NaN says that a number is not known.`,
    )
  const rows = rowsOf(endpoint, columns)
  const records = Array.from({ length: rows }, (): Record<string, Cell> => ({}))
  for (const column of columns) fillColumn(endpoint, records, column)
  return records
}

function columnsOf(endpoint: TabularEndpoint, name: string, tensor: Tensor): Column[] {
  const { features, graph } = endpoint.signature
  const featureNamed = (wanted: string) => features.find((feature) => feature.name === wanted)
  const bound = graph?.inputs.find((input) => input.name === name)
  if (bound && tensor.shape.length === 2 && tensor.shape[1] === bound.features.length)
    return bound.features.map((feature, offset) => ({
      name: feature,
      feature: featureNamed(feature),
      tensor,
      offset,
      stride: bound.features.length,
    }))
  const feature = featureNamed(name)
  if (!feature && !bound && !endpoint.time.includes(name) && !endpoint.completes)
    throw new EndpointTensorInvalid(
      endpoint.name,
      name,
      'it has no such input',
      `It takes ${[featureNames(endpoint), ...endpoint.time].join(', ')}.`,
    )
  if (tensor.shape.length === 0 || tensor.shape.length > 2 || (tensor.shape.length === 2 && tensor.shape[1] !== 1))
    throw new EndpointTensorInvalid(
      endpoint.name,
      name,
      `its shape is [${tensor.shape.join(', ')}], the endpoint takes [rows, ${bound?.features.length ?? 1}]`,
      'Send one row per record.',
    )
  return [{ name, feature, tensor, offset: 0, stride: 1 }]
}

function rowsOf(endpoint: TabularEndpoint, columns: readonly Column[]): number {
  const rows = columns[0]?.tensor.shape[0] ?? 0
  const other = columns.find(({ tensor }) => tensor.shape[0] !== rows)
  if (other)
    throw new EndpointTensorInvalid(
      endpoint.name,
      other.name,
      `it has ${other.tensor.shape[0]} rows beside ${rows} of "${columns[0]!.name}"`,
      'Send the same number of rows in every tensor.',
    )
  if (rows >= 1 && rows <= MOST_ROWS) return rows
  throw new EndpointTensorInvalid(
    endpoint.name,
    columns[0]?.name ?? '',
    `it has ${rows} rows`,
    `Send 1 to ${MOST_ROWS} rows at once.`,
  )
}

function fillColumn(endpoint: TabularEndpoint, records: Record<string, Cell>[], column: Column): void {
  const { name, tensor, offset, stride, feature } = column
  if (tensor.datatype === 'BYTES') {
    for (let r = 0; r < records.length; r++)
      records[r]![name] = textOf(endpoint, name, tensor.data[offset + r * stride]!)
    return
  }
  const data = tensor.datatype === 'FP16' ? halves(tensor.data) : tensor.data
  const cell = cellReader(endpoint, name, tensor.datatype, feature?.kind === 'categorical')
  for (let r = 0; r < records.length; r++) records[r]![name] = cell(data[offset + r * stride]!)
}

/** Truth values are categories by their text, and 1 and 0 where a number is wanted. */
function cellReader(
  endpoint: TabularEndpoint,
  name: string,
  datatype: NumericDatatype,
  categorical: boolean,
): (value: number | bigint) => Cell {
  if (datatype === 'BOOL') return (value) => (categorical ? value === 1 : (value as number))
  if (datatype !== 'INT64' && datatype !== 'UINT64') return (value) => (Number.isNaN(value) ? null : (value as number))
  return (value) => {
    if (categorical) return String(value)
    if (Number.isSafeInteger(Number(value))) return Number(value)
    throw new EndpointTensorInvalid(
      endpoint.name,
      name,
      `${value} is no number that its records can hold`,
      'Send whole numbers of up to 53 bits, or FP64.',
    )
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function textOf(endpoint: TabularEndpoint, name: string, text: string | Uint8Array): string {
  if (typeof text === 'string') return text
  try {
    return utf8.decode(text)
  } catch {
    throw new EndpointTensorInvalid(endpoint.name, name, 'a text in it is no UTF-8', 'Send texts as UTF-8.')
  }
}

const featureNames = ({ signature }: TabularEndpoint) =>
  signature.features
    .slice(0, 20)
    .map(({ name }) => name)
    .join(', ')

/** What a tabular endpoint takes: what its graph does, and when each row happened where its data has such columns. */
export function tabularInputs({ time, graph }: { time: readonly string[]; graph: { inputs: readonly TensorSpec[] } }) {
  const others = time.filter((column) => !graph.inputs.some((input) => input.name === column))
  return [...graph.inputs, ...others.map((name): TensorSpec => ({ name, datatype: 'BYTES', shape: [-1, 1] }))]
}

/** What a tabular endpoint answers with, whichever versions answer: numbers under the name that the graph has for them. */
export function tabularOutputs({ task, classes }: Signature, output: string): TensorSpec[] {
  const id: TensorSpec = { name: PREDICTION_ID, datatype: 'BYTES', shape: [-1] }
  if (task === 'regression') return [{ name: output, datatype: 'FP64', shape: [-1, 1] }, id]
  return [
    { name: output, datatype: 'FP64', shape: [-1, classes.length] },
    ...(output === LABEL ? [] : [{ name: LABEL, datatype: 'BYTES' as const, shape: [-1] }]),
    id,
  ]
}

/** Answers as tensors, all that `tabularOutputs` names. */
export function tensorsFromPredictions(
  { task, classes }: Signature,
  output: string,
  predictions: readonly Prediction[],
): Tensors {
  const rows = predictions.length
  const width = task === 'regression' ? 1 : classes.length
  const data = new Float64Array(rows * width)
  for (let r = 0; r < rows; r++) {
    const { value, probabilities } = predictions[r]!
    if (width === 1) data[r] = value
    else for (let k = 0; k < width; k++) data[r * width + k] = probabilities![classes[k]!]!
  }
  const texts = (of: (one: Prediction) => string): Tensor => ({
    datatype: 'BYTES',
    shape: [rows],
    data: predictions.map(of),
  })
  return {
    ...(task !== 'regression' && { [LABEL]: texts(({ label }) => label!) }),
    [PREDICTION_ID]: texts(({ id }) => id),
    [output]: { datatype: 'FP64', shape: [rows, width], data },
  }
}
