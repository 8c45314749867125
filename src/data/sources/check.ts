import { resolve } from 'node:path'
import { asOrreryError } from '#platform/errors'
import type { DatasetSpec } from '../contract.ts'
import { SourceNeedsServer } from '../errors.ts'
import type { SourceCheck } from './contract.ts'
import type { AskedDatabase } from './database.ts'
import { findFiles } from './find-files.ts'
import { askHttp } from './http.ts'
import { type OpenedSource, openSource } from './open-source.ts'
import { openSecrets } from './secrets.ts'

/** What a source says of itself without giving its rows. */
export interface Asked {
  message: string
  changedAt?: number | null | undefined
  bytes?: number | null | undefined
  files?: number | null | undefined
}

/**
 * Asks a source whether it is there and how fresh it is: `stat`, HEAD, a list of objects, the first page, the columns of
 * a query. Never throws: what is wrong is the answer.
 *
 * @param options.folder where relative sources start
 * @param options.ofServer asks what only a server knows: its uploads, its prediction log
 */
export async function checkSource(
  spec: DatasetSpec,
  options: {
    folder: string
    env: NodeJS.ProcessEnv
    now: number
    ofServer?: (place: 'upload' | 'predictions') => Promise<Asked>
  },
): Promise<SourceCheck> {
  const started = performance.now()
  const secrets = openSecrets(options.env)
  const base = { checkedAt: options.now, code: null, hint: null, changedAt: null, bytes: null, files: null }
  const tookMs = () => Math.round(performance.now() - started)
  try {
    const asked = await ask(openSource(spec, secrets, options.env), spec, options)
    const state = isStale(asked.changedAt, spec, options.now) ? 'stale' : 'available'
    return { ...base, ...asked, state, tookMs: tookMs() } as SourceCheck
  } catch (error) {
    const told = secrets.maskError(error) as Error
    const { code, hint } = asOrreryError(told) ?? { code: 'ORRERY_DATA_SOURCE_UNREACHABLE', hint: null }
    return { ...base, state: 'failed', message: told.message, code, hint, tookMs: tookMs() }
  }
}

/** Whether it is older than its owner allows. */
export function isStale(changedAt: number | null | undefined, spec: DatasetSpec, now: number): boolean {
  return spec.fresh_within !== undefined && typeof changedAt === 'number' && now - changedAt > spec.fresh_within
}

async function ask(
  opened: OpenedSource,
  spec: DatasetSpec,
  { folder, ofServer }: Parameters<typeof checkSource>[1],
): Promise<Asked> {
  switch (opened.place) {
    case 'files': {
      // Of pictures every file counts; which of them can be read is for their profile to say.
      const files = await findFiles(spec.source, folder, spec.pictures && (() => true))
      const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
      const changedAt = Math.max(...files.map((file) => Math.round(file.modifiedMs)))
      return { message: counted(files.length, 'file'), changedAt, bytes, files: files.length }
    }
    case 'url': {
      const { modified, bytes } = await askHttp(opened.url, opened)
      return { message: 'it answers', changedAt: timeOf(modified), bytes, files: 1 }
    }
    case 'api': {
      const { records, modified } = await (await import('./api.ts')).askApi(opened)
      return { message: `${counted(records, 'record')} on the first page`, changedAt: timeOf(modified) }
    }
    case 's3': {
      const objects = await (await import('./bucket.ts')).askBucket(opened)
      const bytes = objects.reduce((sum, { size }) => sum + size, 0)
      const changedAt = Math.max(...objects.map(({ modifiedMs }) => modifiedMs))
      return { message: counted(objects.length, 'object'), changedAt, bytes, files: objects.length }
    }
    case 'postgres':
      return ofDatabase(await (await import('./postgres.ts')).askPostgres(opened, timeColumn(spec)))
    case 'mysql':
      return ofDatabase(await (await import('./mysql.ts')).askMysql(opened, timeColumn(spec)))
    case 'sqlite': {
      const call = { ...opened, address: resolve(folder, opened.address) }
      return ofDatabase(await (await import('./sqlite.ts')).askSqlite(call, timeColumn(spec)))
    }
    default: {
      if (!ofServer) throw new SourceNeedsServer(spec.source)
      return ofServer(opened.place)
    }
  }
}

const timeColumn = ({ time }: DatasetSpec) => (time?.length === 1 ? time[0] : undefined)

function ofDatabase({ columns, latest }: AskedDatabase): Asked {
  return { message: counted(columns.length, 'column'), changedAt: timeOf(latest) }
}

/** Without a zone it is UTC, as everywhere here. */
function timeOf(text: string | null): number | null {
  if (text === null) return null
  const zoned = /(Z|GMT|[+-]\d\d(:?\d\d)?)$/i.test(text) || /^\d{4}-\d\d-\d\d$/.test(text) ? text : `${text}Z`
  const ms = Date.parse(zoned.replace(/([+-]\d\d)$/, '$1:00'))
  return Number.isNaN(ms) ? null : ms
}

const counted = (n: number, one: string) => `${n.toLocaleString('en-US')} ${one}${n === 1 ? '' : 's'}`
