import type { PredictionRecord } from '#runtime'
import type { LogPolicy } from './endpoint-source.ts'
import { unitHash } from './router.ts'

/** By another hash than the canary's, or a sample of 10 % would be the canary's own tenth. */
export function isLogged(id: string, policy: LogPolicy | undefined): boolean {
  return !policy || policy.sample >= 1 || unitHash(`log ${id}`) < policy.sample
}

/** Whether a picture's bytes are kept: those of an answer that is logged, by another hash than the log's own sample. */
export function isPictureKept(id: string, policy: LogPolicy | undefined): boolean {
  const share = policy?.pictures ?? 0
  return share > 0 && !policy!.redact.includes('picture') && unitHash(`picture ${id}`) < share
}

/** The record without the columns that must not be logged. */
export function redacted(record: PredictionRecord, policy: LogPolicy | undefined): PredictionRecord {
  if (!policy || policy.redact.length === 0) return record
  return Object.fromEntries(Object.entries(record).filter(([column]) => !policy.redact.includes(column)))
}
