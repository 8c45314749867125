import type { Serving } from '#serving'
import { type InvokedModel, invokedGraph } from './models.ts'
import { invokedRecords } from './records.ts'

/**
 * An endpoint, routed and logged as `/predict` is.
 *
 * @throws EndpointUnknown, EndpointNotReady
 */
export async function invokedEndpoint(serving: Serving, name: string): Promise<InvokedModel> {
  const { signature, graph } = await serving.answering(name)
  if (signature.tensors)
    return invokedGraph({
      inputs: graph.inputs,
      run: async (feeds, wanted) => (await serving.infer({ endpoint: name, id: undefined, feeds, wanted })).outputs,
    })
  return invokedRecords(signature, async (records, requestId) => {
    const { predictions } = await serving.predict({ endpoint: name, records, requestId })
    return predictions
  })
}
