import type { RouteCall, RouteContract, RouteReply } from './route.ts'

/** The server's refusal or silence, with its own words. */
export class ClientError extends Error {
  readonly code: string
  readonly status: number
  readonly hint: string
  readonly details: Record<string, unknown> | undefined

  constructor(fields: {
    code: string
    status: number
    message: string
    hint: string
    details?: Record<string, unknown>
  }) {
    super(fields.message)
    this.name = 'ClientError'
    this.code = fields.code
    this.status = fields.status
    this.hint = fields.hint
    this.details = fields.details
  }
}

type Call<Route extends RouteContract> =
  Record<never, never> extends RouteCall<Route>
    ? (call?: RouteCall<Route>) => Promise<RouteReply<Route>>
    : (call: RouteCall<Route>) => Promise<RouteReply<Route>>

export type Client<Routes extends Record<string, RouteContract>> = { [Name in keyof Routes]: Call<Routes[Name]> }

export interface ClientOptions {
  /** `http://127.0.0.1:7979`, or empty for the page's own origin. */
  baseUrl: string
  token?: string | undefined
  fetch?: typeof fetch
}

/** A function per route, typed from the contracts. Throws `ClientError`. */
export function createClient<const Routes extends Record<string, RouteContract>>(
  routes: Routes,
  options: ClientOptions,
): Client<Routes> {
  const calls: Record<string, unknown> = {}
  for (const [name, route] of Object.entries(routes)) {
    calls[name] = (call: { params?: Record<string, unknown>; query?: Record<string, unknown>; body?: unknown } = {}) =>
      send(route, call, options)
  }
  return calls as Client<Routes>
}

async function send(
  route: RouteContract,
  call: { params?: Record<string, unknown>; query?: Record<string, unknown>; body?: unknown },
  { baseUrl, token, fetch: fetchWith = fetch }: ClientOptions,
): Promise<unknown> {
  const url = baseUrl + fillPath(route.path, call.params ?? {}) + queryString(call.query ?? {})
  let response: Response
  try {
    response = await fetchWith(url, {
      method: route.method,
      headers: {
        ...(call.body !== undefined && { 'content-type': 'application/json' }),
        ...(token && { authorization: `Bearer ${token}` }),
      },
      ...(call.body !== undefined && { body: JSON.stringify(call.body) }),
    })
  } catch (cause) {
    throw new ClientError({
      code: 'ORRERY_UNREACHABLE',
      status: 0,
      message: `No Orrery server answers at ${baseUrl || 'this address'} (${cause instanceof Error ? ((cause.cause as Error)?.message ?? cause.message) : cause}).`,
      hint: 'Start one with `orrery up`, or name its address with --server or ORRERY_SERVER.',
    })
  }
  const text = await response.text()
  const answer = text && response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : text
  if (response.ok) return answer
  throw new ClientError({
    status: response.status,
    ...(answer?.error ?? {
      code: 'ORRERY_UNEXPECTED_ANSWER',
      message: `${route.method} ${url} answered ${response.status}: ${text.slice(0, 200)}`,
      hint: 'Check that this address is an Orrery server.',
    }),
  })
}

function fillPath(path: string, params: Record<string, unknown>): string {
  return path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(params[name])))
}

function queryString(query: Record<string, unknown>): string {
  const search = new URLSearchParams()
  for (const [key, value] of Object.entries(query))
    if (value !== undefined && value !== '') search.set(key, String(value))
  const text = search.toString()
  return text ? `?${text}` : ''
}
