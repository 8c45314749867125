import type { StoredEvent } from '#platform/events'
import type { Server } from '../server.ts'
import { counted, figure, percent } from '../wording.ts'
import type { Happening } from './story.ts'

type Fact = Pick<StoredEvent, 'type' | 'subject' | 'data'>

/** What a fact of the server's means in the story; `undefined` for facts that are steps on the way to one told later. */
export async function happeningOf(server: Server, fact: Fact): Promise<Omit<Happening, 'day'> | undefined> {
  const tell = TOLD[fact.type]
  return tell && (await tell(server, fact))
}

type Teller = (server: Server, fact: Fact) => Promise<Omit<Happening, 'day'> | undefined>

const TOLD: Readonly<Record<string, Teller>> = {
  'monitoring.alert_opened': async (server, { subject }) => {
    const alert = await server.getAlert({ params: { alert: subject } })
    const { cost } = alert
    const costs = [
      cost.estimated === null ? '' : `estimated cost ${figure(cost.estimated)} loss a row`,
      cost.measured === null ? '' : `measured cost ${figure(cost.measured)} ${cost.metric}`,
    ].filter(Boolean)
    return {
      event: 'alert_opened',
      mark: 'look',
      text: alert.title,
      more: [...sentences(alert.explanation), ...(costs.length > 0 ? [costs.join(' · ')] : [])],
      data: { alert: alert.id, kinds: alert.kinds, champion: alert.champion, features: alert.features, cost },
    }
  },
  'monitoring.alert_closed': async (_, { subject, data }) => ({
    event: 'alert_closed',
    text: `alert closed: ${data.closedBecause}`,
    data: { alert: subject },
  }),
  'pipelines.run_started': async (_, { subject, data }) => {
    const cause = data.cause as { kind: string; reason: string }
    return {
      event: 'retraining',
      text: `${data.name} trains on fresh data: ${cause.reason}`,
      data: { run: subject, name: data.name, cause },
    }
  },
  'pipelines.run_failed': async (_, { subject, data }) => {
    const error = data.error as { code: string; message: string; hint: string }
    return {
      event: 'run_failed',
      mark: 'bad',
      text: `${data.name} failed: ${error.message}`,
      more: [error.hint],
      data: { run: subject, name: data.name, error },
    }
  },
  'registry.version_registered': async (server, { data }) => {
    const { model, version } = data as { model: string; version: number }
    const { gates, comparison } = await server.getVersion({ params: { model, version } })
    const refused = gates.filter((gate) => !gate.passed)
    return {
      event: 'version_registered',
      mark: refused.length > 0 ? 'bad' : 'good',
      text:
        refused.length > 0
          ? `v${version} goes no further: ${counted(refused.length, 'gate')} of ${gates.length} said no`
          : `v${version} passes ${gates.length} of ${gates.length} gates`,
      more: [
        ...(comparison ? [comparison.explanation] : []),
        ...refused.map((gate) => `${gate.condition}: ${gate.explanation}`),
      ],
      data: { model, version, passed: refused.length === 0, gates },
    }
  },
  'serving.release_checked': async (_, { data }) =>
    data.passed === true
      ? undefined
      : { event: 'release_checked', mark: 'bad', text: `v${data.version} fails in staging: ${data.note}`, data },
  'deployments.rollout_canary': async (_, { data }) => ({
    event: 'canary',
    text: `v${data.version} answers ${percent(Number(data.share))}: ${data.note}`,
    data,
  }),
  'deployments.rollout_promoted': async (_, { data }) => ({
    event: 'promoted',
    mark: 'good',
    text: `v${data.version} is promoted${data.from === null ? '' : `; v${data.from} stays ready`}: ${data.note}`,
    data,
  }),
  'deployments.rollout_rolled_back': async (_, { data }) => ({
    event: 'rolled_back',
    mark: 'bad',
    text: `v${data.version} is rolled back: ${data.note}`,
    data,
  }),
  'deployments.rollout_aborted': async (_, { data }) => ({
    event: 'aborted',
    mark: 'bad',
    text: `v${data.version} is withdrawn: ${data.note}`,
    data,
  }),
}

/** Each sentence on a line of its own. */
const sentences = (text: string): string[] => text.split(/(?<=\.) (?=[A-Z])/)
