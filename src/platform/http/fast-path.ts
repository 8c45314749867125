import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { z } from 'zod'
import type { Logger } from '#platform/log'
import type { Authorize, Principal } from './authorize.ts'
import { type Failure, failureOf, requestIdOf, shortHeader } from './failure.ts'
import { closeSoon, limitBodyTime, PATIENCE } from './patience.ts'
import type { RouteContract, RouteInput } from './route.ts'

/** What the fast path of a route is given, parsed as its contract says. */
export interface FastInput<Route extends RouteContract> {
  /** The last part of the path. */
  readonly name: string
  readonly body: RouteInput<Route>['body']
  readonly principal: Principal
  readonly requestId: string | undefined
  readonly headers: IncomingHttpHeaders
}

export interface FastHandler<Route extends RouteContract> {
  /** Whether the route's schema takes this body and changes nothing in it: it is then not asked. `false` may be wrong. */
  readonly isBody: (body: unknown) => body is RouteInput<Route>['body']
  /** The answer as JSON. */
  readonly answer: (input: FastInput<Route>) => Promise<string>
}

/** Of a route that reads its body by itself, whatever that is. */
export interface FastRawHandler {
  readonly answer: (input: { name: string; request: IncomingMessage; principal: Principal }) => Promise<RawAnswer>
  /** How errors look in the protocol that is spoken. */
  readonly renderError: (error: unknown) => { status: number; body: unknown }
}

export interface RawAnswer {
  readonly body: string | Buffer
  readonly headers: Readonly<Record<string, string | number>>
}

/**
 * The way past the router for the few routes that are asked thousands of times a second. It takes plain requests only (a JSON
 * body of known length, a path without a query) and answers them as the router would: the same parser, schema, authorization,
 * limits and errors, in the same order. What it does not take goes to the router, where the same route is mounted.
 */
export interface FastPath {
  /** @param route a POST to `/<prefix>/:name`, or to one path, with a body */
  mount<Route extends RouteContract>(route: Route, handler: FastHandler<Route>): void
  /** @param route a POST to `/<prefix>/:name/<suffix>` */
  mountRaw(route: RouteContract, handler: FastRawHandler): void
  /** A server that asks the fast path first. */
  serve(router: (request: IncomingMessage, response: ServerResponse) => void): Server
}

type ParseJson = (text: string) => unknown

interface Mounted {
  readonly prefix: string
  /** The prefix is the path: there is no name. */
  readonly isWhole: boolean
  readonly route: RouteContract
  readonly handler: FastHandler<RouteContract>
}

interface MountedRaw {
  readonly prefix: string
  readonly suffix: string
  readonly permission: string
  readonly handler: FastRawHandler
}

/** A name that needs no decoding. */
const PLAIN_NAME = /^[\w.~-]{1,200}$/

export function createFastPath({
  authorize,
  log,
  bodyLimit,
  parseJson,
  invalidBody,
}: {
  authorize: Authorize
  log: Logger
  bodyLimit: number
  /** The router's own, for its errors. */
  parseJson: () => ParseJson
  /** The router's words for a body that its schema refuses. */
  invalidBody: (problems: z.core.$ZodIssue[]) => Error
}): FastPath {
  const mounted: Mounted[] = []
  const mountedRaw: MountedRaw[] = []

  function take(request: IncomingMessage): { to: Mounted; name: string } | undefined {
    if (request.method !== 'POST') return undefined
    const { url = '', headers } = request
    for (const to of mounted) {
      if (to.isWhole ? url !== to.prefix : !url.startsWith(to.prefix)) continue
      const name = url.slice(to.prefix.length)
      const type = headers['content-type']
      const length = Number(headers['content-length'])
      const plain =
        (type === 'application/json' || type === 'application/json; charset=utf-8') &&
        length > 0 &&
        length <= bodyLimit &&
        headers['content-encoding'] === undefined &&
        headers.expect === undefined
      return plain && (to.isWhole || PLAIN_NAME.test(name)) ? { to, name } : undefined
    }
    return undefined
  }

  function takeRaw({ method, url = '', headers }: IncomingMessage): { to: MountedRaw; name: string } | undefined {
    if (method !== 'POST' || headers.expect !== undefined) return undefined
    for (const to of mountedRaw) {
      if (!url.startsWith(to.prefix) || !url.endsWith(to.suffix)) continue
      const name = url.slice(to.prefix.length, -to.suffix.length)
      return PLAIN_NAME.test(name) ? { to, name } : undefined
    }
    return undefined
  }

  async function serveRaw(
    { to: { permission, handler }, name }: { to: MountedRaw; name: string },
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    try {
      const { authorization, host, origin } = request.headers
      const principal = await authorize({ authorization, host, origin: shortHeader(origin) }, permission)
      const { body, headers } = await handler.answer({ name, request, principal })
      if (response.destroyed) return
      response.writeHead(200, { ...headers, 'content-length': Buffer.byteLength(body) })
      response.end(body)
    } catch (error) {
      const requestId = requestIdOf(request.headers)
      const failure = failureOf(error, { log, requestId }, handler.renderError)
      if (!request.complete) closeSoon(request, response)
      send(response, failure.status, JSON.stringify(failure.body), failure.headers)
    }
  }

  function serveFast({ to, name }: { to: Mounted; name: string }, request: IncomingMessage, response: ServerResponse) {
    const chunks: Buffer[] = []
    limitBodyTime(request)
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    // A request that is cut ends without `end`: nobody waits for its answer.
    request.on('end', () => {
      const text = (chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)).toString()
      answer(to, name, text, request).then(
        (json) => send(response, 200, json),
        (error) => {
          const failure: Failure = failureOf(error, { log, requestId: requestIdOf(request.headers) })
          send(response, failure.status, JSON.stringify(failure.body), failure.headers)
        },
      )
    })
    request.on('error', () => {})
  }

  async function answer({ route, handler }: Mounted, name: string, text: string, { headers }: IncomingMessage) {
    let body = parseJson()(text)
    if (!handler.isBody(body)) {
      const parsed = route.body!.safeParse(body)
      if (!parsed.success) throw invalidBody(parsed.error.issues)
      body = parsed.data
    }
    const { authorization, host, origin } = headers
    const principal = await authorize({ authorization, host, origin }, route.permission)
    const requestId = headers['x-request-id']
    return handler.answer({
      name,
      body: body as never,
      principal,
      requestId: typeof requestId === 'string' ? requestId : undefined,
      headers,
    })
  }

  return {
    mount: (route, handler) => {
      const prefix = route.path.replace(/:\w+$/, '')
      mounted.push({ prefix, isWhole: prefix === route.path, route, handler: handler as never })
    },
    mountRaw: ({ path, permission }, handler) => {
      const [prefix, suffix] = path.split(/:\w+/) as [string, string]
      mountedRaw.push({ prefix, suffix, permission, handler })
    },
    serve: (router) =>
      createServer(PATIENCE, (request, response) => {
        const taken = take(request)
        if (taken) return serveFast(taken, request, response)
        const raw = takeRaw(request)
        if (raw) void serveRaw(raw, request, response)
        else router(request, response)
      }),
  }
}

function send(response: ServerResponse, status: number, json: string, headers?: Record<string, string>): void {
  // The caller went away.
  if (response.destroyed) return
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(json),
    ...headers,
  })
  response.end(json)
}
