import { offsetOf } from '#platform/http'
import { ParameterInvalid } from './dialect.ts'

/** Where the page that a token stands for starts. @throws ParameterInvalid for a token that no page gave */
export function pageStart(token: string | undefined): number {
  if (!token) return 0
  if (!/^[0-9a-z]{1,10}$/.test(token))
    throw new ParameterInvalid(`Invalid page token '${token.slice(0, 100)}'.`, 'Send the next_page_token of a page.')
  return offsetOf(token)
}

/** The token of the page after one that starts at `start` and has `told` of the `there` that are left from there on. */
export function pageAfter(start: number, told: number, there: number): { next_page_token?: string } {
  return there > told ? { next_page_token: (start + told).toString(36) } : {}
}
