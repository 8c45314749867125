import type { TensorSpec } from './contract.ts'
import type { Tensor, Tensors } from './tensor.ts'

/** A model's file: its content, or its path where its external data lies beside it. */
export type ModelFile = Uint8Array | string

/** A graph in memory: tensors in, tensors out, whatever they mean. */
export interface TensorModel {
  /** `name@version` or a file's name, for messages. */
  readonly name: string
  readonly inputs: readonly TensorSpec[]
  readonly outputs: readonly TensorSpec[]
  /** Size of its files; what it takes in memory is of that order. */
  readonly bytes: number
  /** `inline`: a run blocks the JS thread, as small models may. `process`: it runs in a process of its own. */
  readonly placement: 'inline' | 'process'
  /** Of a run of one row when it was opened, where that was measured. */
  readonly microseconds?: number | undefined
  /** What its process takes in memory, as that said last; `undefined` beside HTTP, where nobody can tell it apart. */
  processBytes?(): number | undefined
  /**
   * Runs the graph once. What is fed must not be changed until the answer is there.
   *
   * @param wanted names of the outputs to compute; all when absent
   * @throws TensorInvalid when what is fed does not fit, ModelFailed when the graph fails on it; of a process also
   *   ModelTimedOut, ModelCrashed, ModelBusy and ModelResting
   */
  run(feeds: Tensors, wanted?: readonly string[]): Promise<Record<string, Tensor>>
  /**
   * The same at once, for who has chosen this turn of the event loop for it; `undefined` where that cannot be: the model is in a
   * process of its own, or put together of others.
   */
  readonly runNow?: ((feeds: Tensors, wanted?: readonly string[]) => Record<string, Tensor>) | undefined
  /** Why it cannot answer just now, or `undefined`. */
  problem(): string | undefined
  /** Frees its memory once the runs under way are over. */
  close(): Promise<void>
}
