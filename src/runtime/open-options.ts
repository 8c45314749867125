import type { ProcessEvent, ProcessLimits } from './process/isolated-model.ts'
import type { Tensors } from './tensor.ts'
import type { ModelFile } from './tensor-model.ts'

/**
 * An environment with exactly the packages of a lock: the variables that put it in front.
 * @param python such as 3.11; the machine's own when null
 */
export type PythonEnvironments = (lock: string, python: string | null) => Promise<Record<string, string>>

/** Where a model runs. `auto`: it is opened and measured in a process of its own, and moves beside HTTP when it is quick. */
export type Placement = 'auto' | 'inline' | 'process'

export interface OpenOptions {
  /** `inline` for who is in a process of its own already. */
  readonly placement?: Placement | undefined
  /** A row that it can answer, to measure it by; a row of nothing when absent. */
  readonly warmUp?: Tensors | undefined
  readonly limits?: Partial<ProcessLimits> | undefined
  /** The file once more, for a process that starts again; without it the content stays in memory for that. */
  readonly read?: (() => Promise<ModelFile>) | undefined
  /** Where a model that Python answers for gets its environment; without it there is none. */
  readonly environments?: PythonEnvironments | undefined
  readonly onEvent?: ((event: ProcessEvent) => void) | undefined
}
