/** Facts of the audit as sentences with somewhere to go. */
import type { AuditEntry } from '#governance/contract'
import { paths } from '../shell/paths.ts'

export interface Fact {
  room: string
  text: string
  /** Why, in the words of whoever decided. */
  because: string | null
  href: string | null
}

export function factOf(entry: AuditEntry, project: string): Fact {
  const [room = '', verb = ''] = entry.what.split('.')
  const { data } = entry
  const words = verb.replaceAll('_', ' ')
  const model = textOf(data.model)
  const version = typeof data.version === 'number' ? data.version : null
  const about =
    model && version !== null ? `${model} v${version}` : (textOf(data.name) ?? textOf(data.title) ?? entry.subject)
  return {
    room,
    text: `${about}: ${words}`,
    because: textOf(data.note) ?? textOf(data.why) ?? textOf(data.reason) ?? null,
    href: hrefOf(room, entry, project, model, version),
  }
}

function hrefOf(
  room: string,
  entry: AuditEntry,
  project: string,
  model: string | null,
  version: number | null,
): string | null {
  if (room === 'registry' && model && version !== null) return paths.version(project, model, version)
  if (room === 'deployments') return paths.endpoint(project, entry.subject)
  if (room === 'pipelines') return paths.run(project, entry.subject)
  if (room === 'tracking') return paths.trial(project, entry.subject)
  if (room === 'monitoring' && entry.what.includes('alert')) return paths.alert(project, entry.subject)
  if (room === 'data') return paths.data(project)
  return null
}

const textOf = (value: unknown) => (typeof value === 'string' && value !== '' ? value : null)
