/** One side of a conversation: sends requests to a server and keeps what was said. */

export interface Exchange {
  /** What a deliberate difference is found by: the request in short, or the label it was given. */
  readonly label: string
  readonly status: number
  readonly body: unknown
}

export interface Asked {
  query?: Record<string, string> | readonly (readonly [string, string])[]
  /** Sent as JSON. */
  json?: unknown
  /** Sent as it is. */
  body?: string | Uint8Array
  headers?: Record<string, string>
  /** Told instead of the request in short, where that is long or the same twice. */
  label?: string
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD'

export class Talk {
  readonly exchanges: Exchange[] = []
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  /** A path without `/` in front is one below `/api/2.0/mlflow/`. */
  // biome-ignore lint/suspicious/noExplicitAny: replies are what is tested, not what is trusted
  async ask(method: Method, path: string, asked: Asked = {}): Promise<any> {
    const url = new URL(path.startsWith('/') ? path : `/api/2.0/mlflow/${path}`, this.#url)
    if (asked.query) url.search = new URLSearchParams(asked.query as Record<string, string>).toString()
    const content = asked.body ?? (asked.json === undefined ? undefined : JSON.stringify(asked.json))
    const response = await fetch(url, {
      method,
      headers: { ...(asked.json !== undefined && { 'content-type': 'application/json' }), ...asked.headers },
      ...(content !== undefined && { body: content as string }),
    })
    const text = await response.text()
    const body = parsed(text)
    const told = asked.label ?? `${method} ${path} ${short(asked)}`.trim()
    const before = this.exchanges.filter(({ label }) => label === told || label.startsWith(`${told} #`)).length
    this.exchanges.push({ label: before ? `${told} #${before + 1}` : told, status: response.status, body })
    return body
  }

  get = (path: string, query: Asked['query'] = {}, label?: string) =>
    this.ask('GET', path, { query, ...(label !== undefined && { label }) })
  post = (path: string, json: unknown = {}, label?: string) =>
    this.ask('POST', path, { json, ...(label !== undefined && { label }) })
  patch = (path: string, json: unknown = {}, label?: string) =>
    this.ask('PATCH', path, { json, ...(label !== undefined && { label }) })
  delete = (path: string, json?: unknown, label?: string) =>
    this.ask('DELETE', path, { ...(json !== undefined && { json }), ...(label !== undefined && { label }) })
}

/** The same requests, sent to either server. */
export type Conversation = (talk: Talk) => Promise<void>

function parsed(text: string): unknown {
  try {
    return JSON.parse(text.replaceAll(/\b(?:-?Infinity|NaN)\b(?=\s*[,}\]])/g, '"$&"'))
  } catch {
    return text
  }
}

/** Ids differ from server to server, so they are left out. */
function short({ query, json, body }: Asked): string {
  const said = query
    ? [...new URLSearchParams(query as Record<string, string>)].map(([key, value]) => `${key}=${value}`).join('&')
    : json !== undefined
      ? JSON.stringify(json)
      : typeof body === 'string'
        ? body
        : ''
  const anonymous = said.replaceAll(/(?<=(?:run_id|run_uuid|experiment_id|model_id)s?"?[:=]\[?"?)[\w-]+/g, '…')
  return anonymous.length > 160 ? `${anonymous.slice(0, 160)}…` : anonymous
}
