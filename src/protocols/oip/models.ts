import type { TensorSpec } from '#runtime/contract'
import type { Principal } from '#platform/http'
import type { InferRequest } from './codec/request.ts'
import type { InferResponse } from './codec/response.ts'

/** A model as clients of the Open Inference Protocol see it. */
export interface InferenceModel {
  readonly name: string
  /** What answers now, where nothing else is asked for. */
  readonly version: string
  readonly inputs: readonly TensorSpec[]
  readonly outputs: readonly TensorSpec[]
  /**
   * @param request what it names an answer by is the client's: repeated, it gets the same answer where answers are kept
   * @throws TensorInvalid, RecordInvalid, ModelFailed and what else the model says
   */
  infer(request: InferRequest): Promise<InferResponse>
}

/** A line of the repository's index; the state in the words of Triton's extension. */
export interface IndexedModel {
  readonly name: string
  readonly version: string
  readonly state: 'READY' | 'UNAVAILABLE' | 'LOADING'
  readonly reason: string
}

/** What a model did since the server started. */
export interface InferenceCounts {
  readonly name: string
  readonly version: string
  /** Rows that it answered. */
  readonly inferences: number
  /** Requests answered, from the first look at them to their answer. */
  readonly requests: Timed
  /** Requests, or parts of a batch, that it could not answer. */
  readonly failures: Timed
  /** Runs of its graph: those that come at once share one. */
  readonly runs: Timed
}

export interface Timed {
  readonly count: number
  /** µs together. */
  readonly us: number
}

/** The models that a server answers for: its endpoints, or the files that it was started with. */
export interface InferenceModels {
  /** @throws an error of status 404 when there is none, 503 when it cannot answer, 403 when it is not the caller's to ask */
  model(name: string, version: string | undefined, caller: Principal): Promise<InferenceModel>
  /** What keeps the server from answering for all its models. */
  problems(): readonly string[]
  index(): Promise<readonly IndexedModel[]>
  counts(name?: string): Promise<readonly InferenceCounts[]>
  load(name: string): Promise<void>
  unload(name: string): Promise<void>
}
