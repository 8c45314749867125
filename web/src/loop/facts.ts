/** Facts of the audit as sentences with somewhere to go. */
import type { AuditEntry } from '#governance/contract'
import { paths } from '../shell/paths.ts'

export interface Fact {
  id: number
  at: number
  who: string
  text: string
  /** Why, in the words of whoever decided. */
  because: string | null
  href: string | null
}

/** True, but no news: the clockwork, and what another fact of the same moment tells better. */
const ROUTINE = new Set([
  'monitoring.period_closed',
  'deployments.traffic_changed',
  'triggers.fired',
  'tracking.run_started',
  'tracking.run_finished',
])

export function newsOf(entries: readonly AuditEntry[], project: string): Fact[] {
  return entries.filter(({ what }) => !ROUTINE.has(what)).map((entry) => factOf(entry, project))
}

function factOf(entry: AuditEntry, project: string): Fact {
  const { id, at, who, data } = entry
  const [room = '', verb = ''] = entry.what.split('.')
  return {
    id,
    at,
    who,
    text: `${verb.replaceAll('_', ' ')}: ${aboutOf(room, entry)}`,
    because: textOf(data.note) ?? textOf(data.why) ?? textOf(data.reason) ?? reasonOf(data.cause),
    href: hrefOf(room, entry, project),
  }
}

function aboutOf(room: string, { data, subject }: AuditEntry): string {
  const model = textOf(data.model)
  if (model && typeof data.version === 'number') return `${model} v${data.version}`
  if (room === 'data' && textOf(data.dataset)) return `${data.dataset} ${data.number ?? ''}`.trim()
  return textOf(data.name) ?? textOf(data.title) ?? subject
}

function hrefOf(room: string, { what, subject, data }: AuditEntry, project: string): string | null {
  const model = textOf(data.model)
  if (room === 'deployments') return paths.endpoint(project, subject)
  if (model && typeof data.version === 'number') return paths.version(project, model, data.version)
  if (room === 'pipelines') return paths.run(project, subject)
  if (room === 'tracking') return paths.trial(project, subject)
  if (room === 'data') return `${paths.data(project)}?version=${subject}`
  if (room === 'monitoring' && what.includes('alert')) return paths.alert(project, subject)
  return null
}

const textOf = (value: unknown) => (typeof value === 'string' && value !== '' ? value : null)

const reasonOf = (cause: unknown) =>
  typeof cause === 'object' && cause !== null && 'reason' in cause ? textOf(cause.reason) : null
