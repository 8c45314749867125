/** Times of protocol buffers in JSON: `2026-01-31T12:00:00.123Z`, and `1.5s`. */
import { z } from 'zod'

export const Timestamp = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/, 'is no time')
  .transform((text) => Date.parse(text.replace(/(\.\d{3})\d+/, '$1')))
  .refine(Number.isFinite, 'is no time')

export const Duration = z
  .string()
  .regex(/^-?\d{1,12}(\.\d{1,9})?s$/, 'is no duration')
  .transform((text) => Math.round(Number.parseFloat(text) * 1_000))

export const timestampText = (ms: number) => new Date(ms).toISOString()

export const durationText = (ms: number) => `${ms / 1_000}s`
