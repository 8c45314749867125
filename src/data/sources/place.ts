import type { DatasetSpec } from '../contract.ts'

/** What a data set says of where its rows are. */
export type SourceSpec = Pick<
  DatasetSpec,
  'source' | 'sha256' | 'poll' | 'request' | 's3' | 'table' | 'query' | 'ignore' | 'time'
>

/** Kinds of places rows come from. */
export type Place = 'files' | 'url' | 'api' | 's3' | 'postgres' | 'mysql' | 'sqlite' | 'upload' | 'predictions'

/** @param address the source with its secrets filled in */
export function placeOf(address: string, spec: Pick<SourceSpec, 'request' | 'table' | 'query'>): Place {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(address)?.[1]?.toLowerCase()
  switch (scheme) {
    case 'http':
    case 'https':
      return spec.request?.records === undefined ? 'url' : 'api'
    case 's3':
      return 's3'
    case 'postgres':
    case 'postgresql':
      return 'postgres'
    case 'mysql':
      return 'mysql'
    case 'upload':
      return 'upload'
    case 'predictions':
      return 'predictions'
    default:
      return spec.table !== undefined || spec.query !== undefined ? 'sqlite' : 'files'
  }
}

/** The statement that gives the rows. */
export function statementOf(spec: Pick<SourceSpec, 'table' | 'query'>, quote: '"' | '`'): string {
  if (spec.query !== undefined) return spec.query.trim().replace(/;\s*$/, '')
  const parts = (spec.table ?? '').split('.').map((part) => `${quote}${part.replaceAll(quote, quote + quote)}${quote}`)
  return `SELECT * FROM ${parts.join('.')}`
}

/** An address as people may see it: without login and parameters. */
export function shownAddress(address: string): string {
  return address.replace(/^([a-z+]+:\/\/)[^/?#]*@/i, '$1').replace(/[?#].*$/, '')
}

const SOURCE_KEYS = ['source', 'sha256', 'poll', 'request', 's3', 'table', 'query', 'sheet'] as const
type SourceKey = (typeof SOURCE_KEYS)[number]

/** Only what a data set says of where its rows are. */
export function sourceOf(spec: DatasetSpec): Pick<DatasetSpec, SourceKey> {
  return Object.fromEntries(SOURCE_KEYS.map((key) => [key, spec[key]])) as Pick<DatasetSpec, SourceKey>
}

/** A data set whose rows were made into a table on this machine. */
export function readFrom(path: string, spec: DatasetSpec): DatasetSpec {
  const without = Object.fromEntries(SOURCE_KEYS.map((key) => [key, undefined]))
  return { ...spec, ...without, source: path }
}
