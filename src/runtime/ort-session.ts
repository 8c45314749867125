import { setImmediate as thisTurnsEnd } from 'node:timers/promises'
import type * as Ort from 'onnxruntime-node'
import type { Binding } from 'onnxruntime-node/dist/binding.js'
import type { Datatype, TensorSpec } from './contract.ts'

/**
 * A session of ONNX Runtime's native binding. Its JavaScript wrapper does the same, but puts each run into a later turn of the event
 * loop: that a lone request pays with a fifth of its run, and a batcher has chosen its turn already.
 */
export interface OrtSession {
  /** In the order of the graph; `undefined` stands for what is no tensor of a datatype that can be sent. */
  readonly inputs: readonly (TensorSpec | { readonly name: string; readonly type: string })[]
  readonly outputs: readonly (TensorSpec | undefined)[]
  /** Blocks this thread. @param feeds tensors, or what has their `type`, `data`, `dims` and `location` */
  run(feeds: Record<string, Ort.OnnxValue>, wanted: readonly string[]): Record<string, Ort.Tensor>
  release(): void
}

/** By the number of the type in ONNX; without those that no protocol sends. */
const DATATYPES: readonly (Datatype | undefined)[] = [
  ...([undefined, 'FP32', 'UINT8', 'INT8', 'UINT16', 'INT16', 'INT32', 'INT64'] as const),
  ...(['BYTES', 'BOOL', 'FP16', 'FP64', 'UINT32', 'UINT64'] as const),
]

/** @throws what the runtime says of a file that it does not take */
export async function openSession(
  file: Uint8Array | string,
  options: Ort.InferenceSession.SessionOptions,
): Promise<OrtSession> {
  // Loaded on first use: a server without a deployed model neither waits for it nor pays its memory.
  const { binding, initOrt } = await import('onnxruntime-node/dist/binding.js')
  await thisTurnsEnd()
  initOrt()
  const session = new binding.InferenceSession()
  if (typeof file === 'string') session.loadModel(file, options)
  else session.loadModel(file.buffer as ArrayBuffer, file.byteOffset, file.byteLength, options)
  return {
    inputs: session.inputMetadata.map((one) => specOf(one) ?? { name: one.name, type: typeOf(one) }),
    outputs: session.outputMetadata.map(specOf),
    run: (feeds, wanted) => {
      const fetches: Record<string, null> = {}
      for (const name of wanted) fetches[name] = null
      return session.run(feeds, fetches, {}) as Record<string, Ort.Tensor>
    },
    release: () => session.dispose(),
  }
}

/** What has a name instead of a number is as large as the caller makes it. */
function specOf({ name, isTensor, type, shape }: Binding.ValueMetadata): TensorSpec | undefined {
  const datatype = isTensor ? DATATYPES[type] : undefined
  return datatype && { name, datatype, shape: [...shape] }
}

const typeOf = ({ isTensor, type }: Binding.ValueMetadata) => (isTensor ? `of type ${type}` : 'no tensor')
