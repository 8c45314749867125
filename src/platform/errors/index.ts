/**
 * The one base of every error a person may meet. HTTP and the command line render any of them without a
 * switch: `code` is stable and greppable, `message` says what is wrong, `hint` says what to do.
 */
export class OrreryError extends Error {
  /** Stable, upper-case, starts with `ORRERY_`. */
  readonly code: string
  /** The HTTP status this becomes. */
  readonly status: number
  /** What to do about it, as one sentence. */
  readonly hint: string
  readonly details: Record<string, unknown> | undefined
  /** When it may be tried again, where that is known; becomes the header `Retry-After`. */
  readonly retryAfterSeconds: number | undefined

  constructor(fields: {
    code: string
    status: number
    message: string
    hint: string
    details?: Record<string, unknown>
    retryAfterSeconds?: number
    cause?: unknown
  }) {
    super(fields.message, fields.cause === undefined ? undefined : { cause: fields.cause })
    this.name = new.target.name
    this.code = fields.code
    this.status = fields.status
    this.hint = fields.hint
    this.details = fields.details
    this.retryAfterSeconds = fields.retryAfterSeconds
  }
}

/** The JSON a client sees; the same shape from every route. */
export interface ErrorBody {
  error: { code: string; message: string; hint: string; details?: Record<string, unknown> }
}

/** Renders any thrown value; what is not ours becomes `ORRERY_INTERNAL` without leaking its internals. */
export function errorBody(error: unknown): { status: number; body: ErrorBody } {
  const known = asOrreryError(error)
  if (known) {
    const { code, message, hint, details } = known
    return { status: known.status, body: { error: { code, message, hint, ...(details ? { details } : {}) } } }
  }
  return {
    status: 500,
    body: {
      error: {
        code: 'ORRERY_INTERNAL',
        message: 'Something went wrong inside Orrery; nothing that was acknowledged is lost.',
        hint: 'Look for this request id in the server log and report it with that excerpt.',
      },
    },
  }
}

/** Pure rooms throw plain classes with the same fields: they count as ours. */
export function asOrreryError(
  error: unknown,
): Pick<OrreryError, 'code' | 'status' | 'message' | 'hint' | 'details'> | undefined {
  if (error instanceof OrreryError) return error
  if (!(error instanceof Error)) return undefined
  const { code, hint, status, details } = error as Partial<OrreryError>
  if (typeof code !== 'string' || !code.startsWith('ORRERY_') || typeof hint !== 'string') return undefined
  return { code, hint, message: error.message, status: typeof status === 'number' ? status : 422, details }
}

/** One line for logs, job journals and terminals. */
export function describeError(error: unknown): string {
  const known = asOrreryError(error)
  if (known) return `${known.code}  ${known.message}`
  return error instanceof Error ? error.message : String(error)
}
