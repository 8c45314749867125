import { Agent, request } from 'undici'
import { AddressNotPublic } from './errors.ts'
import { isPublicAddress, publicLookup } from './public-address.ts'
import { signatureOf } from './signature.ts'
import type { StoredWebhook } from './store.ts'

/** Where webhooks may go: to public addresses, or anywhere the server can reach. */
export type Reach = 'public' | 'any'

export interface Answer {
  status: number
  body: string
}

export interface Sender {
  /** @throws whatever keeps the request from being answered */
  send(hook: Pick<StoredWebhook, 'url' | 'secret'>, delivery: { id: string; body: string }): Promise<Answer>
  close(): Promise<void>
}

const TIMEOUT_MS = 30_000
/** Enough to say what went wrong; nobody reads more. */
const LONGEST_ANSWER = 4_096

export function openSender(reach: Reach, now: () => number): Sender {
  const agent = new Agent({
    connect: { timeout: TIMEOUT_MS, ...(reach === 'public' && { lookup: publicLookup }) },
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
  })
  return {
    send: async ({ url, secret }, { id, body }) => {
      // An address that is written as such is not looked up.
      const host = new URL(url).hostname.replace(/^\[|\]$/g, '')
      if (reach === 'public' && /^[\d.]+$|:/.test(host) && !isPublicAddress(host))
        throw new AddressNotPublic(host, host)
      const timestamp = String(Math.floor(now() / 1000))
      const answer = await request(url, {
        method: 'POST',
        dispatcher: agent,
        body,
        headers: {
          'Content-Type': 'application/json',
          'X-MLflow-Delivery-Id': id,
          'X-MLflow-Timestamp': timestamp,
          ...(secret !== null && { 'X-MLflow-Signature': signatureOf(secret, { id, timestamp, body }) }),
        },
      })
      let text = ''
      for await (const chunk of answer.body.setEncoding('utf8')) {
        text += chunk
        if (text.length >= LONGEST_ANSWER) break
      }
      return { status: answer.statusCode, body: text.slice(0, LONGEST_ANSWER) }
    },
    close: () => agent.destroy(),
  }
}
