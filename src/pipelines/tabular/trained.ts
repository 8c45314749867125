import type { RobustnessReport } from '#evaluation'
import type { Frame } from '#platform/table'
import type { Preparation } from '#preparation'
import type { LoadedModel } from '#runtime'
import type { Signature } from '#runtime/contract'
import type { Parity } from './package.ts'

export interface BuiltTrial {
  name: string
  params: Record<string, string>
  metrics: Record<string, number>
  /** Part of the winner's answer. */
  weight: number
  startedAt: number
  endedAt: number
}

/** A model that is trained but not yet judged, whoever trained it. Rows are numbers of rows of the training table. */
export interface Trained {
  readonly signature: Signature
  readonly onnx: Uint8Array
  /** The trainer's own form of it, where there is one: JSON. */
  readonly model: string | null
  /** Scores on rows that its evaluation may use. */
  readonly evaluated: {
    readonly rows: Int32Array
    readonly scores: Float64Array
    /**
     * The fits behind those scores, which never saw the rows: for questions such as what noise would do. Takes raw columns.
     */
    predict(frame: Frame): Promise<Float64Array>
    /** Of a model that does not answer a frame: how it takes small changes of what it does answer. */
    robustness?(metric: string | undefined): Promise<RobustnessReport>
    /** Of such a model: what another one says about the same rows. */
    scoreWith?(model: LoadedModel, rows: Int32Array): Promise<Float64Array>
  }
  /** Of such a model: what its package was compared with, and the requests it is released with. */
  readonly packaged?: { parity: Parity; requests: string /** What it got wrong, as a PNG. */; sheet: Buffer | null }
  /** Rows that the package is checked on. */
  readonly testRows: Int32Array
  /** Event time of the youngest row it has learned from, ms. */
  readonly trainedUntil: number | null
  /** Rows whose distribution the model reflects. */
  readonly baselineRows: Int32Array
  /** What the trainer itself answers for rows of the table: binary P(positive), multiclass side by side, regression values. */
  answersFor(rows: Int32Array): Promise<Float64Array>
  /** What was learned of how records are prepared, where they are. */
  readonly preparation: Preparation | null
  readonly importance: { feature: string; share: number }[]
  readonly trials: BuiltTrial[]
  readonly trainer: string
  /** Versions of what trained it, beside those of this process. */
  readonly environment: Record<string, string>
  readonly summary: string
  close(): Promise<void>
}
