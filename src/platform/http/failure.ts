import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { errorBody, OrreryError } from '#platform/errors'
import type { Logger } from '#platform/log'

/** What a client is told of an error. */
export interface Failure {
  readonly status: number
  readonly body: unknown
  readonly headers: Record<string, string>
}

/** Renders an error, and logs it where it is ours. @param render how errors look in the protocol that is spoken */
export function failureOf(
  error: unknown,
  { log, requestId }: { log: Pick<Logger, 'error'>; requestId: string },
  render: (error: unknown) => { status: number; body: unknown } = errorBody,
): Failure {
  const { status, body } = render(error)
  // What is not offered is no failure.
  if (status >= 500 && status !== 501) log.error({ err: error, requestId }, 'request failed')
  const retryAfter = error instanceof OrreryError ? error.retryAfterSeconds : undefined
  return {
    status,
    body,
    headers: { 'x-request-id': requestId, ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }) },
  }
}

/** The caller's own name for the request, or a new one. */
export const requestIdOf = (headers: IncomingHttpHeaders): string =>
  shortHeader(headers['x-request-id']) ?? randomUUID()

export const shortHeader = (value: string | string[] | undefined) =>
  typeof value === 'string' && value.length <= 200 ? value : undefined
