import type { PredictionRecord } from '#runtime'
import type { LogPolicy } from './endpoint-source.ts'
import { unitHash } from './router.ts'

/** By another hash than the canary's, or a sample of 10 % would be the canary's own tenth. */
export function isLogged(id: string, policy: LogPolicy | undefined): boolean {
  return !policy || policy.sample >= 1 || unitHash(`log ${id}`) < policy.sample
}

/** The record without the columns that must not be logged. */
export function redacted(record: PredictionRecord, policy: LogPolicy | undefined): PredictionRecord {
  if (!policy || policy.redact.length === 0) return record
  return Object.fromEntries(Object.entries(record).filter(([column]) => !policy.redact.includes(column)))
}
