import type { IncomingMessage, ServerOptions } from 'node:http'

/** A client that takes longer to say what it wants holds a connection on purpose. */
const HEADERS_MS = 15_000
/** What is read whole before it is answered is at most 16 MiB: that much comes over any line in this time. */
const BODY_MS = 60_000

/** How long the server waits for its clients. */
export const PATIENCE: ServerOptions = {
  headersTimeout: HEADERS_MS,
  connectionsCheckingInterval: 5_000,
  // None for a request as a whole: an artifact of any size may come over a slow line.
  requestTimeout: 0,
  // Longer than the minute that proxies keep a connection: who closes it first must not be the one that answers.
  keepAliveTimeout: 72_000,
}

/** Ends the connection of a request whose body does not arrive in time. */
export function limitBodyTime(request: IncomingMessage, ms = BODY_MS): void {
  const timer = setTimeout(() => request.destroy(), ms)
  const stop = () => clearTimeout(timer)
  request.once('end', stop)
  request.once('close', stop)
}
