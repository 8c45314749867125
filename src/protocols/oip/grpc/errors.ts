import { OrreryError } from '#platform/errors'

export class GrpcPortInUse extends OrreryError {
  constructor(host: string, port: number, cause: Error) {
    super({
      code: 'ORRERY_PROTOCOLS_GRPC_PORT_IN_USE',
      status: 409,
      message: `gRPC cannot listen on ${host}:${port} (${cause.message}).`,
      hint: 'Stop what listens there, or choose another port with --grpc-port (0 takes a free one).',
      cause,
    })
  }
}
