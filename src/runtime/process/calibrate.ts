import { firstLine } from '../errors.ts'
import type { Tensors } from '../tensor.ts'
import type { TensorModel } from '../tensor-model.ts'

const MOST_RUNS = 9
const LONGEST_MS = 300

export interface Measured {
  /** Median of a run of the warm-up row; `null` when the model has no answer to it. */
  readonly microseconds: number | null
  readonly problem?: string
}

/** Runs a model a few times: the first run sets things up, the others tell what one costs. */
export async function measure(model: Pick<TensorModel, 'run'>, feeds: Tensors): Promise<Measured> {
  const times: number[] = []
  const started = performance.now()
  try {
    for (let run = 0; run < MOST_RUNS && performance.now() - started < LONGEST_MS; run++) {
      const begun = performance.now()
      await model.run(feeds)
      times.push(1000 * (performance.now() - begun))
    }
  } catch (error) {
    return { microseconds: null, problem: firstLine(error) }
  }
  // Without the first, where there are others.
  const settled = times.length > 1 ? times.slice(1) : times
  return { microseconds: settled.sort((a, b) => a - b)[settled.length >> 1]! }
}
