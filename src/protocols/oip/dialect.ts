import { z } from 'zod'
import { asOrreryError, errorBody } from '#platform/errors'
import type { Dialect } from '#platform/http'

/** The protocol knows one status for what a caller did wrong. */
const UNPROCESSABLE = 422

/** What is wrong and what to do about it, in the one text that the protocol has for both. */
export function failureOf(error: unknown): { status: number; message: string } {
  const known = asOrreryError(error) ?? errorBody(error).body.error
  const status = 'status' in known ? known.status : 500
  return { status: status === UNPROCESSABLE ? 400 : status, message: `${known.message} ${known.hint}` }
}

/** Errors as the Open Inference Protocol has them. */
export const oipDialect: Dialect = {
  errorReply: z.object({ error: z.string() }),
  renderError: (error) => {
    const { status, message } = failureOf(error)
    return { status, body: { error: message } }
  },
}
