import type { TensorSpec } from '#runtime/contract'
import type { IndexedModel, InferenceCounts, InferenceModel, Timed } from './models.ts'

export const PLATFORM = 'onnxruntime_onnx'

/** What of Triton's extensions this server speaks, by their names. */
export const EXTENSIONS = ['binary_tensor_data', 'model_configuration', 'model_repository', 'statistics'] as const

export const serverMetadata = (version: string) => ({ name: 'orrery', version, extensions: [...EXTENSIONS] })

export const modelMetadata = ({ name, version, inputs, outputs }: InferenceModel) => ({
  name,
  versions: [version],
  platform: PLATFORM,
  inputs: [...inputs],
  outputs: [...outputs],
})

/** Triton's names of datatypes in a configuration. */
const configured = ({ name, datatype, shape }: TensorSpec) => ({
  name,
  data_type: datatype === 'BYTES' ? 'TYPE_STRING' : `TYPE_${datatype}`,
  dims: [...shape],
})

export const modelConfig = ({ name, inputs, outputs }: InferenceModel) => ({
  name,
  platform: PLATFORM,
  backend: 'onnxruntime',
  // Shapes are told whole, with the dimension of the rows in them.
  max_batch_size: 0,
  input: inputs.map(configured),
  output: outputs.map(configured),
})

const duration = ({ count, us }: Timed) => ({ count, ns: Math.round(us * 1000) })

/** In the words of Triton's statistics. */
export const statisticsOf = (counts: readonly InferenceCounts[]) => ({
  model_stats: counts.map(({ name, version, inferences, requests, failures, runs }) => ({
    name,
    version,
    inference_count: inferences,
    execution_count: runs.count,
    inference_stats: { success: duration(requests), fail: duration(failures), compute_infer: duration(runs) },
  })),
})

export const indexOf = (models: readonly IndexedModel[], onlyReady: boolean) =>
  models.filter(({ state }) => !onlyReady || state === 'READY').map((model) => ({ ...model }))
