import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { OrreryError } from '#platform/errors'
import type { Config } from './config.ts'

export class PortInUse extends OrreryError {
  constructor(host: string, port: number) {
    super({
      code: 'ORRERY_PORT_IN_USE',
      status: 409,
      message: `Something listens on ${host}:${port} already.`,
      hint: 'Stop it, or choose another port with --port (0 takes a free one).',
    })
  }
}

/** Starts listening; the address that clients should use. */
export async function listen(fastify: FastifyInstance, { host, port }: Pick<Config, 'host' | 'port'>): Promise<string> {
  try {
    await fastify.listen({ host, port })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') throw new PortInUse(host, port)
    throw error
  }
  const address = fastify.server.address() as AddressInfo
  return `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`
}
