import type { Judged } from '#pipelines'
import { asOrreryError } from '#platform/errors'
import { judgeGates } from '#registry'
import type { GateResult } from '#registry/contract'
import type { Signature } from '#runtime/contract'
import type { PackagingNeeds } from './needs.ts'
import type { Parity } from './parity.ts'

export interface Verdict {
  project: string | null
  /** Of its project, where it is a version of what answers there. */
  endpoint: string | null
  judged: Judged | null
  gates: GateResult[]
  note: string
}

/** What is judged: a package in a file, whatever answers in it. */
export interface JudgedPackage {
  /** For messages. */
  readonly name: string
  readonly model: string
  readonly hash: string
  readonly signature: Signature
  readonly parity: Parity
}

/**
 * Judged as the versions of its project's own pipeline are; of no project, or one with other columns, it stays unjudged.
 *
 * @param wanted who names the project wants its verdict; a model that merely belongs to one may be of another kind
 */
export async function judgePackage(
  { blobs, projects, pipelines, environments }: PackagingNeeds,
  { name, model, hash, signature, parity }: JudgedPackage,
  options: {
    project: string | null
    wanted: boolean
    folder: string
    signal: AbortSignal
    onProgress: (progress: { message: string }) => void
  },
): Promise<Verdict> {
  const { project, wanted, folder, signal, onProgress } = options
  const unjudged = (note: string): Verdict => ({ project, endpoint: null, judged: null, gates: [], note })
  if (project === null) return unjudged('not judged: it belongs to no project')
  const { spec } = await projects.project(project)
  const endpoint = spec.deploy[model] ? model : null
  try {
    const judged = await pipelines.judge({
      ...{ name, signature, project, endpoint, folder, environments, signal, onProgress },
      onnx: await blobs.path(hash),
    })
    const { report, comparison } = judged
    const gates = judgeGates(spec.gates, { report, comparison, parity })
    return { project, endpoint, judged, gates, note: `judged on ${report.n} rows of ${project}` }
  } catch (error) {
    const known = asOrreryError(error)
    if (wanted || !known || !UNFIT.includes(known.code)) throw error
    return unjudged(`not judged: ${known.message}`)
  }
}

/** An error of a child process keeps its code, and no class. */
const UNFIT: readonly string[] = ['ORRERY_PIPELINES_MODEL_UNFIT', 'ORRERY_PIPELINES_NOTHING_TO_JUDGE_ON']
