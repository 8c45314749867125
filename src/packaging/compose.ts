import { ModelExists } from '#registry'
import type { ModelVersion } from '#registry/contract'
import { type GraphPackage, graphSignature, loadModel, writeBundle } from '#runtime'
import type { InferenceGraph, Signature } from '#runtime/contract'
import { keptEnvironments } from './environments.ts'
import { GraphUnfit } from './errors.ts'
import type { PackagingNeeds } from './needs.ts'
import { drawRecords } from './sample-rows.ts'

/**
 * Makes a version out of versions: one package with all their files, held to what it answers now. From then on it goes the way of
 * every version; its parts may be replaced by a new one only.
 *
 * @throws VersionUnknown, VersionNotPackaged, GraphUnfit, ModelBroken
 */
export async function composeVersion(
  needs: PackagingNeeds,
  { model, graph, by }: { model: string; graph: InferenceGraph; by: string },
): Promise<ModelVersion> {
  const { registry, blobs, environments } = needs
  const parts: GraphPackage['parts'] = {}
  const files = new Map<string, Uint8Array>()
  const signatures = new Map<string, { signature: Signature }>()
  for (const [part, of] of Object.entries(graph.parts)) {
    const [, name, number] = /^(.+)@(\d+)$/.exec(of)!
    const { signature } = await registry.packaged(name!, Number(number))
    if (signature.image || signature.tensors) throw new GraphUnfit(`${of} takes no rows of columns`)
    const file = `${part}.package`
    files.set(file, await registry.packageBytes(name!, Number(number)))
    parts[part] = { file, of, signature }
    signatures.set(part, { signature })
  }
  const signature = graphSignature(`the graph of ${model}`, graph.answer, signatures)
  const bundle = writeBundle({ manifest: { kind: 'graph', parts, answer: graph.answer }, files })
  const requests = await askedRows(model, bundle, signature, environments)
  const stored = await blobs.put(bundle)
  const requestsHash = (await blobs.put(Buffer.from(requests))).hash

  await registry.createModel({ name: model, by }).catch((error) => {
    if (!(error instanceof ModelExists)) throw error
  })
  const [first] = Object.values(graph.parts)
  const { version } = await registry.registerLogged({
    ...{ model, by, source: `models:/${first!.replace(/@(\d+)$/, '/$1')}` },
    description: `Put together of ${Object.values(graph.parts).join(', ')}.`,
    tags: { 'orrery.graph': JSON.stringify(graph) },
  })
  return registry.attachPackage(
    model,
    version,
    {
      ...{ project: null, endpoint: null, code: null, importance: [], trainedUntil: null, environment: {} },
      ...{ dataVersion: null, comparison: null, promisedLoss: null, metrics: {}, signature },
      package: {
        ...{ format: 'graph', hash: stored.hash, size: stored.size },
        parity: { maxAbsDifference: 0, maxScaledDifference: 0, rows: requests.split('\n').length - 1 },
      },
      releaseRequests: requestsHash,
    },
    [],
  )
}

/** Rows with what the parts answer together, as JSON lines; those without an answer are left out. */
async function askedRows(
  model: string,
  bundle: Uint8Array,
  signature: Signature,
  environments: string,
): Promise<string> {
  const loaded = await loadModel(`the graph of ${model}`, bundle, signature, {
    ...{ placement: 'auto', environments: keptEnvironments(environments) },
  })
  try {
    const records = drawRecords(signature.features, [])
    const answers = await loaded.predict(records)
    const lines = records.map((record, r) => {
      const answer = [...answers.subarray(r * loaded.outputs, (r + 1) * loaded.outputs)]
      return answer.every(Number.isFinite) ? `${JSON.stringify({ record, answer })}\n` : ''
    })
    if (lines.every((line) => line === '')) throw new GraphUnfit('it answers none of the rows of its features')
    return lines.join('')
  } finally {
    await loaded.close()
  }
}
