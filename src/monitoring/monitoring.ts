import type { Deployments } from '#deployments'
import type { Events, StoredEvent } from '#platform/events'
import type { Logger } from '#platform/log'
import type { Storage, Tx } from '#platform/storage'
import type { Clock } from '#platform/time'
import type { Projects } from '#projects'
import type { Registry } from '#registry'
import type { PredictionReads, Serving } from '#serving'
import { watchClock } from './alarm.ts'
import { closeAlert, type StoredAlert } from './alerts.ts'
import type { Alert, MonitorPoint } from './contract.ts'
import { AlertUnknown } from './errors.ts'
import { alertEvent } from './events.ts'
import {
  type AlertFilter,
  alertIn,
  alertOf,
  alertOfRunIn,
  latestPointOf,
  listAlerts,
  openAlertIn,
  pointsOf,
  saveAlert,
} from './store.ts'
import { openVersions } from './versions.ts'
import { type Watch, watchEndpoint } from './watch.ts'

export interface MonitoringNeeds {
  readonly storage: Storage
  readonly events: Events
  readonly clock: Clock
  readonly log: Logger
  readonly projects: Projects
  readonly registry: Registry
  readonly deployments: Deployments
  readonly reads: PredictionReads
  readonly serving: Pick<Serving, 'recent' | 'scoring' | 'inMemory'>
}

export interface Monitoring {
  /** A hint that an endpoint logged something: its monitors look soon. Missing one costs time, nothing else. */
  noticed(endpoint: string): void
  /** Judges the roll-outs of an endpoint that are held by the clock or by requests, soon. */
  lookByClock(endpoint: string): void
  /** Whether the monitors of the project's endpoints have looked at all that is logged. */
  settled(project: string): Promise<boolean>
  /** Points in order of event time, at most `points` of them. @throws EndpointUnknown */
  series(
    endpoint: string,
    range: { from?: number | undefined; to?: number | undefined; points: number },
  ): Promise<MonitorPoint[]>
  latestPoint(endpoint: string): Promise<MonitorPoint | undefined>
  /** Newest first. */
  alerts(filter: AlertFilter): Promise<Alert[]>
  /** @throws AlertUnknown */
  alert(id: string): Promise<Alert>
  /** Notes which pipeline run an alert set off, in the transaction that starts it. */
  attachRun(tx: Tx, alert: string, run: { id: string; name: string }): Promise<void>
  start(): Promise<void>
  stop(): Promise<void>
}

export function openMonitoring(needs: MonitoringNeeds): Monitoring {
  const { storage, events, clock, projects, registry, deployments, reads } = needs
  const versions = openVersions(registry)
  const watches = new Map<string, Watch>()
  let stopped = false
  let stopClock: (() => Promise<void>) | undefined

  function watchOf(endpoint: string): Watch {
    let watch = watches.get(endpoint)
    if (!watch) {
      watch = watchEndpoint({ ...needs, versions, reads }, endpoint)
      watches.set(endpoint, watch)
    }
    return watch
  }

  function noticed(endpoint: string): void {
    if (!stopped) watchOf(endpoint).notice()
  }

  function lookByClock(endpoint: string): void {
    if (!stopped) watchOf(endpoint).lookByClock()
  }

  /** A new champion ends what its predecessor was in; and an alert tells what came of the run that it set off. */
  async function followRollout({ type, data, subject }: StoredEvent): Promise<void> {
    const [model, version] = [String(data.model), Number(data.version)]
    const { pipelineRun } = await registry.version(model, version)
    await storage.write(async (tx) => {
      const caused = pipelineRun === null ? undefined : await alertOfRunIn(tx, pipelineRun)
      if (caused) await saveAlert(tx, { ...caused, action: `v${version} ${OUTCOMES[type]}` })
      const open = type === 'deployments.rollout_promoted' ? await openAlertIn(tx, subject) : undefined
      if (!open || open.champion === version) return
      const closed = closeAlert(open, `v${version} was promoted`, clock.now())
      await saveAlert(tx, closed)
      await events.publish(tx, alertEvent('monitoring.alert_closed', closed))
    })
    // A canary's weight, and what it is judged by, are the monitors' to find out.
    noticed(subject)
  }

  events.subscribe('monitoring', [...Object.keys(OUTCOMES), 'pipelines.run_failed'], async (event) => {
    if (event.type !== 'pipelines.run_failed') return followRollout(event)
    await storage.write(async (tx) => {
      const caused = await alertOfRunIn(tx, event.subject)
      if (caused) await saveAlert(tx, { ...caused, action: `${String(event.data.name)} failed` })
    })
  })

  return {
    noticed,
    lookByClock,
    settled: async (project) => {
      const names = Object.keys((await projects.project(project)).spec.deploy)
      const settled = await Promise.all(names.map((name) => watchOf(name).settled()))
      return settled.every(Boolean)
    },
    series: async (endpoint, { points, ...range }) => {
      const { name } = await deployments.endpoint(endpoint)
      return pointsOf(storage, name, range, points)
    },
    latestPoint: (endpoint) => latestPointOf(storage, endpoint),
    alerts: async (filter) => (await listAlerts(storage, filter)).map(shown),
    alert: async (id) => {
      const alert = await alertOf(storage, id)
      if (!alert) throw new AlertUnknown(id)
      return shown(alert)
    },
    attachRun: async (tx, id, run) => {
      const alert = await alertIn(tx, id)
      if (!alert) throw new AlertUnknown(id)
      await saveAlert(tx, { ...alert, pipelineRun: run.id, action: `started ${run.name}` })
    },
    start: async () => {
      for (const endpoint of await deployments.endpoints({})) noticed(endpoint.name)
      stopClock = watchClock({ ...needs, lookByClock })
    },
    stop: async () => {
      stopped = true
      await stopClock?.()
      await Promise.all([...watches.values()].map((watch) => watch.stop()))
    },
  }
}

const OUTCOMES: Record<string, string> = {
  'deployments.rollout_canary': 'is in canary',
  'deployments.rollout_rolling': 'is rolling out',
  'deployments.rollout_baking': 'was switched to',
  'deployments.rollout_ab': 'is in an experiment',
  'deployments.rollout_shadow': 'is in the shadow',
  'deployments.rollout_challenger': 'challenges the champion',
  'deployments.rollout_promoted': 'was promoted',
  'deployments.rollout_rolled_back': 'was rolled back',
  'deployments.rollout_rejected': 'was rejected',
  'deployments.rollout_aborted': 'was withdrawn',
}

/** Without what is only kept to go on from. */
function shown({ findings: _, lastFound: __, ...alert }: StoredAlert): Alert {
  return alert
}
