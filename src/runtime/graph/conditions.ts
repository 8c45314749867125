import { Environment } from '@marcbachmann/cel-js'
import type { PredictionRecord } from '../records.ts'

/** Whether a condition on the features of a record holds. What cannot be told of a missing value does not. */
export type RowCondition = (record: PredictionRecord) => boolean

/** @throws Error with what is wrong with the text, in its own words */
export function rowCondition(text: string): RowCondition {
  const environment = new Environment({ unlistedVariablesAreDyn: true })
  const evaluate = environment.parse(text)
  return (record) => {
    try {
      return evaluate(record) === true
    } catch {
      return false
    }
  }
}
