import type { ApiCall } from './api.ts'
import type { BucketCall } from './bucket.ts'
import type { DatabaseCall } from './database.ts'
import { placeOf, type SourceSpec, shownAddress, statementOf } from './place.ts'
import type { Secrets } from './secrets.ts'

/** A source with everything that is needed to ask it, secrets included: it stays in this process. */
export type OpenedSource =
  | { place: 'files' }
  | { place: 'url'; url: string; headers: Record<string, string>; name: string }
  | ({ place: 'api' } & ApiCall)
  | ({ place: 's3' } & BucketCall)
  | ({ place: 'postgres' | 'mysql' | 'sqlite' } & DatabaseCall)
  | { place: 'upload' | 'predictions' }

/** @throws SecretMissing */
export function openSource(spec: SourceSpec, secrets: Secrets, env: NodeJS.ProcessEnv): OpenedSource {
  const { source, request, s3 } = spec
  // A secret within an address stands between characters that have a meaning there; one that is all of it does not.
  const isWhole = /^\$\{secret\.[A-Z0-9_]+\}$/.test(source)
  const address = secrets.fill(source, isWhole ? undefined : encodeURIComponent)
  const name = isWhole ? source : shownAddress(source)
  const place = placeOf(address, spec)
  const headers = Object.fromEntries(
    Object.entries(request?.headers ?? {}).map(([key, value]) => [key, secrets.fill(value)]),
  )
  switch (place) {
    case 'url':
      return { place, url: withParameters(address, spec, secrets), headers, name }
    case 'api': {
      const parameters = Object.fromEntries(
        Object.entries(request!.parameters).map(([key, value]) => [key, secrets.fill(String(value))]),
      )
      return { place, url: address, headers, name, request: { ...request!, parameters } }
    }
    case 's3':
      return {
        ...{ place, address, env, endpoint: s3?.endpoint, region: s3?.region },
        accessKey: s3?.access_key && secrets.fill(s3.access_key),
        secretKey: s3?.secret_key && secrets.fill(s3.secret_key),
      }
    case 'postgres':
    case 'mysql':
    case 'sqlite':
      return {
        ...{ place, address, name, ignore: spec.ignore ?? [] },
        statement: statementOf(spec, place === 'mysql' ? '`' : '"'),
      }
    default:
      return { place }
  }
}

function withParameters(address: string, { request }: SourceSpec, secrets: Secrets): string {
  const url = new URL(address)
  for (const [key, value] of Object.entries(request?.parameters ?? {}))
    url.searchParams.set(key, secrets.fill(String(value)))
  return url.href
}
