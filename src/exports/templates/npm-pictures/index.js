/** For Node.js. */
import { readFile } from 'node:fs/promises'
import * as ort from 'onnxruntime-node'
import { pictureIntake } from './pictures.js'
import { openPredictor } from './predictor.js'

export { default as about } from './about.js'
export { PictureRefused } from './pictures.js'
export { ModelDamaged } from './predictor.js'
export { RecordInvalid } from './record-invalid.js'

const read = () => readFile(new URL('model.onnx', import.meta.url))

/** As the server runs it: one thread, so that the same picture gives the same bits. */
export const { predict, load } = openPredictor(
  ort,
  read,
  {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 4,
  },
  pictureIntake,
)
