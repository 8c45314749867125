import type { TensorSpec } from '#runtime/contract'
import type { IndexedModel, InferenceCounts, InferenceModel } from './models.ts'

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

export const statisticsOf = (counts: readonly InferenceCounts[]) => ({
  model_stats: counts.map(({ name, version, answered, failed }) => ({
    name,
    version,
    inference_count: answered,
    execution_count: answered,
    inference_stats: { success: { count: answered, ns: 0 }, fail: { count: failed, ns: 0 } },
  })),
})

export const indexOf = (models: readonly IndexedModel[], onlyReady: boolean) =>
  models.filter(({ state }) => !onlyReady || state === 'READY').map((model) => ({ ...model }))
