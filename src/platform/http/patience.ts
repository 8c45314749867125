import type { IncomingMessage, ServerOptions, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

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

/** As long as a client may take to read why its file is refused while it still sends it. */
const LINGER_MS = 5_000

/**
 * A body that nobody reads to its end keeps a connection for ever, and with it a server that is to stop. What is still
 * sent of it is thrown away; a connection over which all of it came in time serves the next request.
 */
export function closeSoon(request: IncomingMessage, response: ServerResponse): void {
  // A request that was given up has lost its connection; the answer still has it.
  const socket: Socket | null = request.socket ?? response.socket
  if (!socket) return
  const timer = setTimeout(() => socket.destroy(), LINGER_MS)
  const keep = () => clearTimeout(timer)
  request.once('end', keep)
  socket.once('close', keep)
  request.resume()
}
