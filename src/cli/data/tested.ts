import type { DataWarning, ExpectationResult } from '#data/contract'

/** What came of testing one data set. */
export interface TestedDataset {
  dataset: string
  rows: number
  /** What `rows` counts, where it is no table. */
  unit?: 'pictures'
  quarantined: number
  seconds: number
  results: ExpectationResult[]
  /** What nobody asked for and a person should know: leakage, parts that share rows, personal data. */
  warnings: DataWarning[]
  /** The table could not even be read. */
  error: { code: string; message: string; hint: string | undefined } | null
}

/** Rows that were set aside are dealt with: what is left holds. */
export function fails({ passed, otherwise, setAside }: ExpectationResult, strict: boolean): boolean {
  if (passed) return false
  return strict || otherwise === 'stop' || (otherwise === 'quarantine' && setAside !== true)
}
