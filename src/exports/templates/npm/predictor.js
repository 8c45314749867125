import about from './about.js'

/** Above this a number has no float32, which is what the model computes in. */
const LARGEST_FLOAT32 = 3.4028234663852886e38

/** Rows of one run: what a model takes in memory depends on it. */
const MOST_ROWS_PER_RUN = 256

/** A record that does not fit the signature; nothing of its call was answered. */
export class RecordInvalid extends Error {
  constructor({ record, field, message, hint }) {
    super(`Record ${record}, field "${field}": ${message}.`)
    this.name = 'RecordInvalid'
    this.code = 'ORRERY_RUNTIME_RECORD_INVALID'
    this.status = 422
    this.hint = hint
    this.details = { record, field }
  }
}

/** The file beside this is not the model that was exported. */
export class ModelDamaged extends Error {
  constructor() {
    super(`model.onnx of ${about.model}@${about.version} is not the file that was exported: its sha256 is another.`)
    this.name = 'ModelDamaged'
    this.code = 'MODEL_DAMAGED'
    this.hint = 'Install the package again.'
  }
}

/**
 * @param ort what `onnxruntime-node` or `onnxruntime-web` exports
 * @param read gives the bytes of model.onnx
 * @param session options of the runtime's session
 */
export function openPredictor(ort, read, session) {
  let opened
  async function open() {
    const bytes = await read()
    if ((await sha256(bytes)) !== about.sha256) throw new ModelDamaged()
    return ort.InferenceSession.create(bytes, session)
  }
  async function load() {
    opened ??= open()
    try {
      return await opened
    } catch (error) {
      opened = undefined
      throw error
    }
  }

  async function predict(records) {
    if (!Array.isArray(records) || records.length === 0)
      throw new TypeError('predict takes an array of at least one record.')
    const columns = encode(records)
    const model = await load()
    const predictions = []
    for (let from = 0; from < records.length; from += MOST_ROWS_PER_RUN) {
      const to = Math.min(from + MOST_ROWS_PER_RUN, records.length)
      const feeds = {}
      for (const input of inputs) feeds[input.name] = tensor(ort, input, columns, from, to)
      const results = await model.run(feeds, [output])
      for (const prediction of answers(results[output].data, to - from)) predictions.push(prediction)
    }
    return predictions
  }

  return { predict, load: async () => void (await load()) }
}

const { task, classes, features, graph } = about
const output = graph?.output ?? (task === 'regression' ? 'prediction' : 'probabilities')
const inputs =
  graph?.inputs ??
  features.map(({ name, kind }) => ({ name, type: kind === 'numeric' ? 'float32' : 'string', features: [name] }))

async function sha256(bytes) {
  const digest = await globalThis.crypto.subtle.digest('SHA-256', bytes)
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
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

function answers(data, rows) {
  const width = data.length / rows
  return Array.from({ length: rows }, (_, r) => {
    if (task === 'regression') return { value: data[r], label: null, probabilities: null }
    if (task === 'binary') {
      const value = data[width * r + width - 1]
      const probabilities = { [classes[0]]: 1 - value, [classes[1]]: value }
      return { value, label: classes[value >= 0.5 ? 1 : 0], probabilities }
    }
    let best = 0
    for (let k = 1; k < width; k++) if (data[r * width + k] > data[r * width + best]) best = k
    const probabilities = Object.fromEntries(classes.map((name, k) => [name, data[r * width + k]]))
    return { value: data[r * width + best], label: classes[best], probabilities }
  })
}
