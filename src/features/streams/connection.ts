import { jetstreamManager } from '@nats-io/jetstream'
import { connect, credsAuthenticator, type NodeConnectionOptions } from '@nats-io/transport-node'
import type { StreamSource } from '#projects/contract'

/** Fills in `${secret.NAME}`, and hides what was filled in. */
export interface StreamSecrets {
  fill(text: string): string
  mask(text: string): string
}

/** Who NATS is told to be asked by, and where. */
export function connectionTo(source: StreamSource, durable: string, secrets: StreamSecrets): NodeConnectionOptions {
  const { server, user, password, token, credentials } = source
  return {
    ...{ servers: server, name: `orrery ${durable}` },
    ...(user !== undefined && { user: secrets.fill(user) }),
    ...(password !== undefined && { pass: secrets.fill(password) }),
    ...(token !== undefined && { token: secrets.fill(token) }),
    ...(credentials !== undefined && {
      authenticator: credsAuthenticator(new TextEncoder().encode(secrets.fill(credentials))),
    }),
    ...(server.startsWith('tls:') && { tls: {} }),
  }
}

/** Takes a durable consumer away: one that nobody reads by would stand there for ever, and keep messages of streams that wait for it. */
export async function removeConsumer(source: StreamSource, durable: string, secrets: StreamSecrets): Promise<void> {
  const connection = await connect({ ...connectionTo(source, durable, secrets), reconnect: false })
  try {
    const manager = await jetstreamManager(connection)
    await manager.consumers.delete(source.name, durable)
  } catch (error) {
    if (!/not found/i.test(String(error))) throw error
  } finally {
    await connection.close().catch(() => {})
  }
}
