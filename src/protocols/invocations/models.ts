import type { Tensors } from '#runtime'
import type { TensorSpec } from '#runtime/contract'
import { feedsFromColumns, nestedOf, rowsOfOutputs, TensorDataInvalid, tensorOf } from '../oip/index.ts'
import type { Invocation } from './table.ts'

/** What answers invocations. */
export interface InvokedModel {
  /** Whether a column of CSV holds texts, not numbers. */
  isText(column: string): boolean
  /** @returns what MLflow has under `predictions` */
  invoke(asked: Invocation, requestId: string | undefined): Promise<unknown>
}

/** What is asked for its tensors. */
interface Graph {
  readonly inputs: readonly TensorSpec[]
  run(feeds: Tensors, wanted?: readonly string[]): Promise<Tensors>
}

/** A graph of any tensors, answered as MLflow's ONNX flavour does: a data frame row by row, tensors as tensors. */
export function invokedGraph({ inputs, run }: Graph): InvokedModel {
  return {
    isText: (column) => (inputs.find(({ name }) => name === column) ?? inputs[0])?.datatype === 'BYTES',
    invoke: async ({ columns, array, isFrame }) => {
      const rows = (columns?.[0]?.values ?? array!).length
      const feeds = columns ? feedsFromColumns(inputs, columns) : feedsFromArray(inputs, array!)
      const outputs = await run(feeds)
      if (isFrame) return rowsOfOutputs(outputs, rows)
      return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, nestedOf(tensor)]))
    },
  }
}

function feedsFromArray(inputs: readonly TensorSpec[], array: readonly unknown[]) {
  const [only, another] = inputs
  if (only && !another) return { [only.name]: tensorOf(only, array) }
  throw new TensorDataInvalid(
    inputs.map(({ name }) => name).join(', '),
    'a list without names is for a graph of one input',
    'Send an object with a list for each input in `inputs`.',
  )
}
