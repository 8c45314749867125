import { nextCursor, offsetOf } from '#platform/http'
import { ParameterInvalid } from './dialect.ts'

/** Where the page that a token stands for starts. @throws ParameterInvalid for a token that no page gave */
export function pageStart(token: string | undefined): number {
  if (!token) return 0
  if (!/^[0-9a-z]{1,10}$/.test(token))
    throw new ParameterInvalid(`Invalid page token '${token.slice(0, 100)}'.`, 'Send the next_page_token of a page.')
  return offsetOf(token)
}

/** The token of the page after this one, where there may be one. */
export function pageAfter(start: number, got: number, limit: number): { next_page_token?: string } {
  const next = nextCursor(start, got, limit)
  return next === null ? {} : { next_page_token: next }
}
