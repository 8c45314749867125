/** For browsers, over WebAssembly. */
import * as ort from 'onnxruntime-web'
import { columnIntake } from './columns.js'
import { openPredictor } from './predictor.js'

export { default as about } from './about.js'
export { ModelDamaged } from './predictor.js'
export { RecordInvalid } from './record-invalid.js'

async function read() {
  const response = await fetch(new URL('model.onnx', import.meta.url))
  if (!response.ok) throw new Error(`model.onnx was answered with ${response.status}.`)
  return new Uint8Array(await response.arrayBuffer())
}

export const { predict, load } = openPredictor(
  ort,
  read,
  { executionProviders: ['wasm'], logSeverityLevel: 4 },
  columnIntake,
)
