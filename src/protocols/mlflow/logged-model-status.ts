import { z } from 'zod'
import type { LoggedModelStatus } from '#tracking/contract'

/** In the order of their numbers in protocol buffers, from 1. */
export const STATUS_NAMES = {
  pending: 'LOGGED_MODEL_PENDING',
  ready: 'LOGGED_MODEL_READY',
  failed: 'LOGGED_MODEL_UPLOAD_FAILED',
} as const satisfies Record<LoggedModelStatus, string>

const STATUSES = Object.keys(STATUS_NAMES) as LoggedModelStatus[]
type StatusName = (typeof STATUS_NAMES)[LoggedModelStatus]

/** By name, or by its number. */
export const Status = z
  .union([z.enum(Object.values(STATUS_NAMES) as [StatusName, ...StatusName[]]), z.literal([1, 2, 3])])
  .transform((status) =>
    typeof status === 'number' ? STATUSES[status - 1]! : STATUSES.find((state) => STATUS_NAMES[state] === status)!,
  )
