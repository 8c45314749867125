import about from './about.js'

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
 * @param intake checks records, and makes tensors of them
 */
export function openPredictor(ort, read, session, intake) {
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
    const taken = await intake.take(records)
    const model = await load()
    const predictions = []
    for (let from = 0; from < records.length; from += intake.rowsPerRun) {
      const to = Math.min(from + intake.rowsPerRun, records.length)
      const results = await model.run(intake.feeds(ort, taken, from, to), [output])
      for (const prediction of answers(results[output].data, to - from)) predictions.push(prediction)
    }
    return predictions
  }

  return { predict, load: async () => void (await load()) }
}

const { task, classes, graph } = about
const output = graph?.output ?? (task === 'regression' ? 'prediction' : 'probabilities')
async function sha256(bytes) {
  const digest = await globalThis.crypto.subtle.digest('SHA-256', bytes)
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
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
