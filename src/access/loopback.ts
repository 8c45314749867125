import { isIP } from 'node:net'

/**
 * Whether a request may come from another site's page: its origin is not this server, or, with a name of theirs that
 * points to this machine (DNS rebinding), its host is none of ours.
 */
export function isForeignPage({ host, origin }: { host: string | undefined; origin: string | undefined }): boolean {
  if (origin !== undefined && (!URL.canParse(origin) || !isLoopback(new URL(origin).hostname))) return true
  return host !== undefined && !isLoopback(hostnameOf(host))
}

const hostnameOf = (host: string) => (URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : host)

export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1' || host === '[::1]') return true
  return isIP(host) === 4 && host.startsWith('127.')
}
