import { request as overHttp } from 'node:http'
import { request as overHttps } from 'node:https'
import { Readable } from 'node:stream'

const WITHOUT_BODY = [204, 205, 304]

/**
 * One request and its answer, like `fetch`. Not Node's own: that one ends the whole process when a connection is cut
 * while its answer waits for the disk (an assertion in undici's parser, `!this.paused`).
 */
export function callHttp(
  url: URL,
  {
    method,
    headers,
    body,
    timeoutMs,
    signal,
  }: {
    method: string
    headers: Headers
    body?: Uint8Array | undefined
    timeoutMs: number
    signal?: AbortSignal | undefined
  },
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? overHttps : overHttp
    const sending = send(url, {
      method,
      headers: { ...Object.fromEntries(headers), 'content-length': String(body?.byteLength ?? 0) },
      signal: signal ? AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) : AbortSignal.timeout(timeoutMs),
    })
    sending.on('error', reject)
    sending.on('response', (answer) => {
      const status = answer.statusCode!
      const isBare = method === 'HEAD' || WITHOUT_BODY.includes(status)
      if (isBare) answer.resume()
      const told = new Headers()
      for (let i = 0; i < answer.rawHeaders.length; i += 2)
        told.append(answer.rawHeaders[i]!, answer.rawHeaders[i + 1]!)
      const statusText = answer.statusMessage ?? ''
      resolve(new Response(isBare ? null : Readable.toWeb(answer), { status, statusText, headers: told }))
    })
    sending.end(body)
  })
}
