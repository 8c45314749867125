import type { ServiceError, status as Codes } from '@grpc/grpc-js'
import { failureOf } from '../dialect.ts'

/** gRPC's codes for statuses of HTTP. */
const CODES: Record<number, keyof typeof Codes> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  408: 'DEADLINE_EXCEEDED',
  409: 'FAILED_PRECONDITION',
  413: 'RESOURCE_EXHAUSTED',
  429: 'RESOURCE_EXHAUSTED',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
}

export function grpcFailure(codes: typeof Codes, error: unknown): Pick<ServiceError, 'code' | 'details'> {
  const { status, message } = failureOf(error)
  return { code: codes[CODES[status] ?? 'INTERNAL'], details: message }
}
