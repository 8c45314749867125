import type { Champion } from './tabular/compare.ts'

/** A served row whose truth is known by now. */
export interface LabelledRow {
  /** Grows with the order in which labels became known. */
  readonly seq: number
  readonly inputs: Readonly<Record<string, number | string | boolean | null>>
  readonly label: string
  readonly eventTime: number
}

/** Fresh training data: what was served and is labelled since `after`, oldest label first. `serving` provides it. */
export type LabelledRows = (endpoint: string, after: number) => AsyncIterable<LabelledRow>

/** The version that serves an endpoint, to be compared with. `deployments` and `registry` provide it. */
export type ChampionOf = (endpoint: string) => Promise<Champion | null>
