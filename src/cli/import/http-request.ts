import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, type Dispatcher, EnvHttpProxyAgent, fetch, type Response } from 'undici'
import { isLoopback } from '#access'
import { SourceFailed, SourceRefused, SourceUnreachable } from './errors.ts'

export interface Asking {
  query?: Record<string, string | number | readonly string[] | undefined>
  body?: unknown
}

/** A tracking server, asked as the mlflow client asks: with the identity its variables name. */
export interface HttpRequests {
  readonly address: string
  /** The answer, whatever its status, apart from those that say that nobody may ask or nobody answers. */
  ask(method: 'GET' | 'POST', path: string, asking?: Asking): Promise<Response>
  /** The JSON of an answer that is well. @throws SourceFailed */
  json<T>(method: 'GET' | 'POST', path: string, asking?: Asking): Promise<T>
  close(): void
}

const ATTEMPTS = 6
/** What passes by itself: the server or something before it is busy or starting. */
const PASSING = [429, 502, 503, 504]

export function openHttpRequests(url: string, env: NodeJS.ProcessEnv): HttpRequests {
  const parsed = new URL(url)
  const authorization = authorizationFrom(parsed, env)
  ;[parsed.username, parsed.password] = ['', '']
  const address = parsed.href.replace(/\/$/, '')
  const dispatcher = dispatcherFor(parsed.hostname, env)

  async function attempt(method: string, path: string, { query = {}, body }: Asking): Promise<Response> {
    const search = new URLSearchParams()
    for (const [key, value] of Object.entries(query))
      for (const one of [value ?? []].flat()) search.append(key, String(one))
    const text = search.size > 0 ? `?${search}` : ''
    return fetch(`${address}${path}${text}`, {
      method,
      dispatcher,
      headers: {
        ...(authorization && { authorization }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
  }

  async function ask(method: 'GET' | 'POST', path: string, asking: Asking = {}): Promise<Response> {
    for (let n = 1; ; n++) {
      const found = await attempt(method, path, asking).catch((error: Error) => error)
      const passes = found instanceof Error || PASSING.includes(found.status)
      if (passes && n < ATTEMPTS) {
        if (!(found instanceof Error)) await found.body?.cancel()
        await sleep(100 * 2 ** n)
        continue
      }
      if (found instanceof Error)
        throw new SourceUnreachable(address, (found.cause as Error | undefined)?.message ?? found.message)
      if (found.status === 401 || found.status === 403) throw new SourceRefused(address, found.status)
      return found
    }
  }

  return {
    address,
    ask,
    json: async <T>(method: 'GET' | 'POST', path: string, asking?: Asking) => {
      const response = await ask(method, path, asking)
      const text = await response.text()
      if (!response.ok) throw new SourceFailed(`${method} ${path}`, response.status, text.slice(0, 300))
      try {
        return JSON.parse(withQuotedNumbers(text)) as T
      } catch {
        throw new SourceFailed(`${method} ${path}`, response.status, `no JSON: ${text.slice(0, 100)}`)
      }
    },
    close: () => void dispatcher.destroy().catch(() => undefined),
  }
}

/** Python writes NaN and infinities as bare words, which JSON does not know. */
function withQuotedNumbers(text: string): string {
  return text.replace(/("value":\s*)(NaN|-?Infinity)\b/g, '$1"$2"')
}

function authorizationFrom(url: URL, env: NodeJS.ProcessEnv): string | undefined {
  const user = decodeURIComponent(url.username) || env.MLFLOW_TRACKING_USERNAME
  const password = decodeURIComponent(url.password) || env.MLFLOW_TRACKING_PASSWORD
  if (user && password) return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
  return env.MLFLOW_TRACKING_TOKEN ? `Bearer ${env.MLFLOW_TRACKING_TOKEN}` : undefined
}

function dispatcherFor(host: string, env: NodeJS.ProcessEnv): Dispatcher {
  const insecure = ['1', 'true'].includes((env.MLFLOW_TRACKING_INSECURE_TLS ?? '').toLowerCase())
  const ca = env.MLFLOW_TRACKING_SERVER_CERT_PATH
  const connect = { ...(insecure && { rejectUnauthorized: false }), ...(ca && { ca: readFileSync(ca) }) }
  // A file of many gigabytes may take its time between two pieces; a server that is gone closes the connection.
  const options = { connect, headersTimeout: 300_000, bodyTimeout: 300_000 }
  return isLoopback(host) ? new Agent(options) : new EnvHttpProxyAgent({ ...options, requestTls: connect })
}
