import type { Readable } from 'node:stream'

/** What an existing MLflow has: its records as they are, before anything is made of them here. */
export interface MlflowSource {
  /** Names it for good: imports go on where the last one of the same name stopped. */
  readonly name: string
  readonly kind: 'server' | 'folder' | 'database'
  experiments(): AsyncIterable<SourceExperiment>
  models(experiment: SourceExperiment): AsyncIterable<SourceModel>
  /** In pages; a run that is made meanwhile may be missing. */
  runs(experiment: SourceExperiment): AsyncIterable<SourceRun[]>
  /** The histories of these runs, in pieces, in whatever order. */
  histories(runs: readonly SourceRun[]): AsyncIterable<SourcePoints>
  /** @throws ArtifactsUnreachable */
  files(owner: ArtifactOwner): AsyncIterable<SourceFile>
  open(owner: ArtifactOwner, path: string): Promise<Readable>
  registeredModels(): AsyncIterable<SourceRegisteredModel>
  close(): void
}

/** Something of the source that cannot be brought. The rest is. */
export interface Problem {
  /** `run 3f…`, `model version clf 2`. */
  what: string
  reason: string
  hint?: string
}
export type Report = (problem: Problem) => void

export type Pairs = Record<string, string>

export interface SourceExperiment {
  id: string
  name: string
  deleted: boolean
  createdAt: number
  updatedAt: number
  tags: Pairs
}

export interface DatasetInput {
  tags: { key: string; value: string }[]
  dataset: {
    name: string
    digest: string
    source_type: string
    source: string
    schema?: string
    profile?: string
  }
}

export interface SourceRun {
  id: string
  experiment: string
  name: string
  user: string
  /** MLflow's word: `FINISHED`. */
  status: string
  startedAt: number
  endedAt: number | null
  deleted: boolean
  /** Where the source tells. */
  deletedAt: number | null
  artifactUri: string
  params: Pairs
  tags: Pairs
  metricKeys: string[]
  datasets: DatasetInput[]
  modelInputs: string[]
  modelOutputs: { id: string; step: number }[]
  /** Another one whenever anything but its artifacts is another; `null` where that cannot be told. */
  version: string | null
}

/** Points of one metric of one run, in columns. NaN and infinities are there as such. */
export interface SourcePoints {
  run: string
  key: string
  steps: number[]
  times: number[]
  values: number[]
  /** Where the source keeps it with each point. */
  datasets?: ({ name: string; digest: string } | null)[]
}

export interface SourceModel {
  id: string
  experiment: string
  run: string | null
  name: string
  type: string
  status: 'pending' | 'ready' | 'failed'
  createdAt: number
  updatedAt: number
  deleted: boolean
  artifactUri: string
  params: Pairs
  tags: Pairs
  /** Which points of which runs were measured of it. */
  metrics: { run: string; key: string; step: number; at: number; dataset: { name: string; digest: string } | null }[]
}

export interface ArtifactOwner {
  kind: 'run' | 'model'
  id: string
  experiment: string
  artifactUri: string
}

export interface SourceFile {
  path: string
  /** Bytes; `undefined` where the source does not tell. */
  size: number | undefined
}

export interface SourceRegisteredModel {
  name: string
  description: string
  createdAt: number
  updatedAt: number
  tags: Pairs
  /** Alias to version. */
  aliases: Record<string, number>
  versions: SourceVersion[]
}

export interface SourceVersion {
  version: number
  description: string
  createdAt: number
  updatedAt: number
  user: string
  stage: string
  source: string
  run: string | null
  /** Id of the logged model it was made of. */
  model: string | null
  status: string
  statusMessage: string
  runLink: string
  tags: Pairs
}
