import { timingSafeEqual } from 'node:crypto'
import type { Authorize } from '#platform/http'
import { ForeignPage, TokenWanted } from './errors.ts'
import { isForeignPage, isLoopback } from './loopback.ts'

const ANYBODY = { name: 'anybody', roles: ['admin'] }

/**
 * Who may ask a server that keeps no service accounts: whoever has the token, if one was set; otherwise everybody who
 * reaches its address, but on loopback no page of another site.
 */
export function authorizeByToken({ host, token }: { host: string; token: string | undefined }): Authorize {
  return async ({ authorization, ...from }, permission) => {
    if (permission === 'public') return ANYBODY
    if (token !== undefined) {
      if (!isSame(authorization ?? '', `Bearer ${token}`)) throw new TokenWanted()
    } else if (isLoopback(host) && isForeignPage(from)) throw new ForeignPage(from.origin ?? from.host ?? '')
    return ANYBODY
  }
}

function isSame(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)]
  return a.byteLength === b.byteLength && timingSafeEqual(a, b)
}
