import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ulid } from 'ulid'
import { keptEnvironments } from '#pipelines'
import { ModelExists } from '#registry'
import type { ModelVersion } from '#registry/contract'
import { type GraphPackage, graphSignature, loadModel, writeBundle } from '#runtime'
import type { InferenceGraph, Signature } from '#runtime/contract'
import { GraphUnfit } from './errors.ts'
import { judgePackage } from './judge.ts'
import type { PackagingNeeds } from './needs.ts'
import { drawRecords } from './sample-rows.ts'

/** The tag in which a composed version says what it is composed of. */
export const GRAPH_TAG = 'orrery.graph'
/** And the job that made it, so that one that is run again after a crash goes on with its version. */
const JOB_TAG = 'orrery.composition'

export interface Composition {
  model: string
  graph: InferenceGraph
  by: string
  /** On whose rows it is judged; on none without. */
  project: string | null
  job?: { readonly id: string; readonly signal: AbortSignal; progress(progress: { message: string }): void }
}

/**
 * Makes a version out of versions: one package with all their files, held to what it answers now. From then on it goes the way of
 * every version; its parts may be replaced by a new one only.
 *
 * @throws VersionUnknown, VersionNotPackaged, GraphUnfit, ModelBroken, ModelUnfit, NothingToJudgeOn
 */
export async function composeVersion(
  needs: PackagingNeeds,
  { model, graph, by, project, job }: Composition,
): Promise<ModelVersion> {
  const { registry, blobs } = needs
  job?.progress({ message: 'putting its parts together' })
  const { bundle, signature } = await bundleOf(needs, model, graph)
  const requests = await askedRows(model, bundle, signature, needs.environments)
  const stored = await blobs.put(bundle)
  const requestsHash = (await blobs.put(Buffer.from(requests))).hash
  const parity = { maxAbsDifference: 0, maxScaledDifference: 0, rows: requests.split('\n').length - 1 }
  const id = job?.id ?? ulid(needs.clock.now())
  // Judged before there is a version: one that cannot be judged leaves nothing behind.
  const folder = join(needs.work, `composing-${id}`)
  await mkdir(folder, { recursive: true })
  const verdict = await judgePackage(
    needs,
    { name: `the graph of ${model}`, model, hash: stored.hash, signature, parity },
    {
      ...{ project, wanted: true, folder },
      signal: job?.signal ?? new AbortController().signal,
      onProgress: (progress) => job?.progress(progress),
    },
  ).finally(() => rm(folder, { recursive: true, force: true }))

  await registry.createModel({ name: model, by }).catch((error) => {
    if (!(error instanceof ModelExists)) throw error
  })
  const [begun] = (await registry.versions(model, { limit: 1, offset: 0 })).filter(({ tags }) => tags[JOB_TAG] === id)
  const [first] = Object.values(graph.parts)
  const { version } =
    begun ??
    (await registry.registerLogged({
      ...{ model, by, source: `models:/${first!.replace(/@(\d+)$/, '/$1')}` },
      reason: project === null ? 'composed by hand' : 'composed as the project file says',
      description: `Composed of ${Object.values(graph.parts).join(', ')}.`,
      tags: { [GRAPH_TAG]: JSON.stringify(graph), [JOB_TAG]: id },
    }))
  const { judged, gates, endpoint } = verdict
  return registry.attachPackage(
    model,
    version,
    {
      ...{ project, endpoint, code: null, importance: [], trainedUntil: null, environment: {} },
      dataVersion: judged?.dataVersion ?? null,
      comparison: judged?.comparison ?? null,
      promisedLoss: judged?.promisedLoss ?? null,
      metrics: judged?.report.metrics ?? {},
      ...(judged && { report: judged.report, baseline: judged.baseline }),
      signature,
      package: { format: 'graph', hash: stored.hash, size: stored.size, parity },
      releaseRequests: requestsHash,
    },
    gates,
  )
}

/** @throws VersionUnknown, VersionNotPackaged, GraphUnfit, ModelBroken */
async function bundleOf({ registry }: PackagingNeeds, model: string, { parts: named, inputs, answer }: InferenceGraph) {
  const parts: GraphPackage['parts'] = {}
  const files = new Map<string, Uint8Array>()
  const signatures = new Map<string, { signature: Signature }>()
  for (const [part, of] of Object.entries(named)) {
    const [, name, number] = /^(.+)@(\d+)$/.exec(of)!
    const { signature } = await registry.packaged(name!, Number(number))
    if (signature.image || signature.tensors) throw new GraphUnfit(`${of} takes no rows of columns`)
    const file = `${part}.package`
    files.set(file, await registry.packageBytes(name!, Number(number)))
    parts[part] = { file, of, signature }
    signatures.set(part, { signature })
  }
  const signature = graphSignature(`the graph of ${model}`, answer, signatures, inputs)
  return {
    bundle: writeBundle({ manifest: { kind: 'graph', parts, ...(inputs && { inputs }), answer }, files }),
    signature,
  }
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
