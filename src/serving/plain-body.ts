import type { z } from 'zod'
import type { PredictBody } from './contract.ts'

const MOST_RECORDS = 10_000

/**
 * Whether a body is what `PredictBody` takes, unchanged: records and nothing else. Nearly every request is, and the schema would
 * cost more than the model. What it does not know is for the schema to judge.
 */
export function isPlainPredictBody(body: unknown): body is z.output<typeof PredictBody> {
  if (!isObject(body)) return false
  const { records } = body
  for (const key in body) if (key !== 'records') return false
  if (!Array.isArray(records) || records.length === 0 || records.length > MOST_RECORDS) return false
  for (const record of records as unknown[]) {
    if (!isObject(record) || Array.isArray(record)) return false
    for (const column in record) {
      const value = record[column]
      if (typeof value === 'object' ? value !== null : typeof value === 'number' && !Number.isFinite(value))
        return false
    }
  }
  return true
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
