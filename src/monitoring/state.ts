import type { DecayState } from './decay.ts'

/** What the monitors of an endpoint carry from one period to the next. */
export interface MonitorState {
  /** End of the last closed period, event time in ms. */
  readonly through: number
  /** The last row of the prediction log that a closed period saw. */
  readonly seq: number
  /** The last joined label that a closed period saw. */
  readonly joined: number
  /** How many rows of the log one row in memory stands for. */
  readonly stride: number
  readonly champion: number
  /** Page's cumulative sum over the champion's losses. */
  readonly decay: DecayState
  /** Labels of rows younger than what the champion was trained on. */
  readonly newLabels: number
  /** Parts of the answer by version, as last set. */
  readonly weights: Readonly<Record<string, number>>
}
