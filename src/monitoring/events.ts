import type { NewEvent } from '#platform/events'
import type { StoredAlert } from './alerts.ts'
import type { Alert, MonitorPoint } from './contract.ts'

/** What `monitoring.period_closed` says: enough for triggers to decide without asking back. */
export interface PeriodClosed {
  endpoint: string
  /** End of the period, event time in ms. */
  through: number
  champion: number
  /** Event time since the youngest row the champion was trained on, ms; null where training data has no time. */
  age: number | null
  /** Labels of rows younger than those. */
  newLabels: number
  predictions: number
  metric: string
  value: number | null
  lower95: number | null
  upper95: number | null
  reference: number | null
  estimated: number | null
  decay: number | null
  /** The alert that is open after the period. */
  alert: Pick<Alert, 'id' | 'kinds' | 'title'> | null
}

export function periodEvent(project: string, closed: PeriodClosed): NewEvent {
  return { type: 'monitoring.period_closed', project, subject: closed.endpoint, data: { ...closed } }
}

export function periodClosed(
  point: MonitorPoint,
  age: number | null,
  newLabels: number,
  alert: StoredAlert | undefined,
): PeriodClosed {
  const { endpoint, through, champion, predictions, metric, window, estimated, decay } = point
  return {
    ...{ endpoint, through, champion, age, newLabels, predictions, metric, estimated },
    value: window?.value ?? null,
    lower95: window?.lower95 ?? null,
    upper95: window?.upper95 ?? null,
    reference: window?.reference ?? null,
    decay: decay?.statistic ?? null,
    alert: alert ? { id: alert.id, kinds: alert.kinds, title: alert.title } : null,
  }
}

export function alertEvent(type: 'monitoring.alert_opened' | 'monitoring.alert_closed', alert: StoredAlert): NewEvent {
  const { id, endpoint, project, kinds, title, explanation, champion, eventTime, features, cost, closedBecause } = alert
  return {
    type,
    project,
    subject: id,
    data: {
      ...{ alert: id, endpoint, kinds, title, explanation, champion, eventTime, cost, closedBecause },
      features: features.map(({ feature }) => feature),
    },
  }
}
