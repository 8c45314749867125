import type { CodeVersion } from '#projects/contract'
import type { Cause } from './contract.ts'
import type { Built } from './tabular/build.ts'

/** What a run hands to the registry; files are blobs by now. */
export interface CandidateRecord extends Omit<Built, 'files' | 'trials' | 'phases'> {
  project: string
  model: string
  /** The endpoint it is meant for. */
  endpoint: string
  pipelineRun: string
  /** The tracked run that its trials are nested in. */
  run: string
  dataVersion: string
  code: CodeVersion
  cause: Cause
  onnx: { hash: string; size: number }
  /** Held-out rows as requests, with the answers the trainer's own model gave: JSON lines. */
  requests: string
}
