import about from './about.js'
import { RecordInvalid } from './record-invalid.js'

/** Above this a number has no float32, which is what the model computes in. */
const LARGEST_FLOAT32 = 3.4028234663852886e38

const { features, graph } = about
const inputs =
  graph?.inputs ??
  features.map(({ name, kind }) => ({ name, type: kind === 'numeric' ? 'float32' : 'string', features: [name] }))

/** Records as columns, and those as the inputs of the graph. */
export const columnIntake = {
  /** What a model takes in memory depends on it. */
  rowsPerRun: 256,
  take: encode,
  feeds: (ort, columns, from, to) =>
    Object.fromEntries(inputs.map((input) => [input.name, tensor(ort, input, columns, from, to)])),
}

/** A column per feature: numbers with NaN for missing, texts with ''. */
function encode(records) {
  const columns = {}
  records.forEach((record, r) => {
    if (record === null || typeof record !== 'object' || Array.isArray(record))
      throw new TypeError(`Record ${r} is no object of columns.`)
  })
  for (const feature of features) {
    const { name, kind } = feature
    const values = records.map((record) => (Object.hasOwn(record, name) ? record[name] : undefined))
    if (feature.required) refuseMissing(feature, values)
    columns[name] =
      kind === 'numeric'
        ? Float32Array.from(values, (value, r) => numericCell(value, name, r))
        : values.map((value, r) => categoricalCell(value, name, r))
  }
  return columns
}

function refuseMissing({ name, kind, categories }, values) {
  values.forEach((value, record) => {
    if (value === null)
      throw new RecordInvalid({
        record,
        field: name,
        message: 'it is null, and this model has no answer without it',
        hint: 'Send a value; the model was trained without a way to deal with a missing one.',
      })
    if (kind !== 'categorical' || !categories || value === undefined || categories.includes(String(value))) return
    throw new RecordInvalid({
      record,
      field: name,
      message: `${JSON.stringify(value).slice(0, 100)} is not what it takes`,
      hint: `Send one of ${categories.slice(0, 10).join(', ')}.`,
    })
  })
}

function numericCell(value, field, record) {
  if (typeof value === 'number' && Math.abs(value) <= LARGEST_FLOAT32) return value
  if (value === null) return Number.NaN
  if (value === undefined) throw missing(field, record)
  if (typeof value === 'number')
    throw new RecordInvalid({
      ...{ record, field, message: `${value} is no finite 32-bit number` },
      hint: 'Send null for a value that is not known.',
    })
  const looksNumeric = typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value))
  throw new RecordInvalid({
    record,
    field,
    message: `a number is expected, not the ${typeof value === 'string' ? 'text' : typeof value} ${JSON.stringify(value).slice(0, 100)}`,
    hint: looksNumeric
      ? `Send it without quotes: ${Number(value)}.`
      : typeof value === 'boolean'
        ? `Send ${value ? 1 : 0}.`
        : 'Send a number, or null for a value that is not known.',
  })
}

/** Truth values and numbers are categories by their text. */
function categoricalCell(value, field, record) {
  if (typeof value === 'string') return value
  if (value === null) return ''
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) return String(value)
  if (value === undefined) throw missing(field, record)
  throw new RecordInvalid({
    record,
    field,
    message: `${typeof value === 'number' ? value : 'this value'} is no category`,
    hint: 'Send a text, or null for a value that is not known.',
  })
}

function missing(field, record) {
  return new RecordInvalid({
    ...{ record, field, message: 'the feature is missing' },
    hint: 'Send every feature of the signature; null says that its value is not known.',
  })
}

/** The columns of an input side by side, rows `from` to `to`, in the type that the graph asks for. */
function tensor(ort, { type, features: names }, columns, from, to) {
  const width = names.length
  const count = (to - from) * width
  const [cells, cellOf] = CELLS[type](count)
  names.forEach((name, c) => {
    const column = columns[name]
    for (let r = from; r < to; r++) cells[(r - from) * width + c] = cellOf(column[r])
  })
  return new ort.Tensor(type, cells, [to - from, width])
}

const CELLS = {
  string: (count) => [new Array(count), String],
  float32: (count) => [new Float32Array(count), numberOf],
  float64: (count) => [new Float64Array(count), numberOf],
  int64: (count) => [new BigInt64Array(count), (cell) => BigInt(Math.round(numberOf(cell)) || 0)],
  bool: (count) => [new Uint8Array(count), (cell) => (numberOf(cell) === 1 ? 1 : 0)],
}

/** Truth values are categories by their text; a graph that computes with them takes 1 and 0. */
function numberOf(cell) {
  if (typeof cell === 'number') return cell
  if (cell === 'true') return 1
  return cell === 'false' ? 0 : Number.NaN
}
