import { createHmac } from 'node:crypto'

/** `v1,<base64>`: HMAC-SHA256 over id, time and body, as Standard Webhooks and MLflow have it. */
export function signatureOf(secret: string, delivery: { id: string; timestamp: string; body: string }): string {
  const { id, timestamp, body } = delivery
  return `v1,${createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64')}`
}
