import type { Traffic } from '#deployments/contract'
import type { Signature } from '#registry/contract'

/** What serving has to know of an endpoint. */
export interface ServedEndpoint {
  /** Empty for an endpoint outside of any project. */
  readonly project: string
  readonly model: string
  readonly traffic: Traffic
  /** Columns that together say when a record happened: a date or timestamp, then hours or times of day. Empty: on arrival. */
  readonly time: readonly string[]
  /** Feature views that fill in what a record leaves out. None when absent. */
  readonly features?: readonly string[] | undefined
  /** More are refused; as many as there are when absent. */
  readonly requestsPerSecond?: number | undefined
  /** What of each prediction is logged; everything when absent. */
  readonly log?: LogPolicy | undefined
}

export interface LogPolicy {
  /** Share of the predictions that is logged, by a hash of their ids. */
  readonly sample: number
  /** Columns whose values are never logged. */
  readonly redact: readonly string[]
  /** What of people's feedback is never kept. Everything is when absent. */
  readonly redactFeedback?: readonly ('comment' | 'person' | 'value' | 'tags')[] | undefined
  /** Share of the pictures whose bytes are kept. None when absent. */
  readonly pictures?: number | undefined
}

export interface ServedPackage {
  readonly bytes: Uint8Array
  readonly signature: Signature
  /** Rows with their answers as JSON lines, where the package carries some: it must give them again before it is ready. */
  readonly requests?: (() => Promise<Uint8Array>) | undefined
}

/**
 * Where endpoints and packages come from: a port, so that serving knows nothing of how they are decided and stored.
 */
export interface EndpointSource {
  /** The endpoint as it is now; `undefined` when there is none of that name. */
  endpoint(name: string): Promise<ServedEndpoint | undefined>
  /** Every endpoint's name, for start-up and for error messages. */
  names(): Promise<readonly string[]>
  /** The ONNX file of a version and what it takes and gives. */
  package(model: string, version: number): Promise<ServedPackage>
  /** Calls `listener` after an endpoint's traffic changed and is durable. Returns what ends it. */
  onTrafficChanged(listener: (endpoint: string) => void): () => void
}
