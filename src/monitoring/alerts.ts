import type { Alert, FeatureMove } from './contract.ts'
import type { Finding } from './findings.ts'

/** An alert with what only this room needs of it. */
export interface StoredAlert extends Alert {
  /** The latest finding of each kind, in the order in which they joined. */
  readonly findings: readonly Finding[]
  /** End of the last period that found something, event time in ms. */
  readonly lastFound: number
}

/** What the monitors say at the end of a period. */
export interface Observed {
  readonly endpoint: string
  readonly project: string
  readonly champion: number
  readonly through: number
  readonly findings: readonly Finding[]
  /** Features that moved, and the estimated cost: kept with an alert that drift takes part in. */
  readonly features: readonly FeatureMove[]
  readonly estimatedCost: number | null
  /** Loss of the metric since the release; above 0 is worse. */
  readonly measuredCost: number | null
  readonly metric: string
  /** An alert is over when nothing was found for so long, ms of event time. */
  readonly clearAfter: number
}

/**
 * The endpoint's one alert after a period: opened by the first finding, joined by later ones, closed when a new champion
 * serves or when nothing was found for a while. The same object when nothing changed.
 *
 * @param open the alert that is open, if one is
 * @param id names a new one
 * @param now when this is decided, ms
 */
export function nextAlert(
  open: StoredAlert | undefined,
  observed: Observed,
  id: string,
  now: number,
): StoredAlert | undefined {
  const { findings, through, champion } = observed
  if (open && open.champion !== champion) return closeAlert(open, `v${champion} serves now`, now)
  if (findings.length > 0) return open ? joined(open, observed) : opened(observed, id, now)
  if (open && through - open.lastFound >= observed.clearAfter)
    return closeAlert(open, 'the monitors have found nothing any more', now)
  return open
}

export function closeAlert(alert: StoredAlert, because: string, now: number): StoredAlert {
  return { ...alert, closedAt: now, closedBecause: because }
}

function opened(observed: Observed, id: string, now: number): StoredAlert {
  const { endpoint, project, champion, through, metric, findings } = observed
  return told(
    {
      id,
      endpoint,
      project,
      champion,
      eventTime: through,
      openedAt: now,
      closedAt: null,
      closedBecause: null,
      kinds: [],
      title: '',
      explanation: '',
      features: [],
      cost: { estimated: null, measured: null, metric },
      action: null,
      pipelineRun: null,
      findings,
      lastFound: through,
    },
    observed,
  )
}

/** A finding that is made again replaces its former words; one that is not keeps its last. */
function joined(open: StoredAlert, observed: Observed): StoredAlert {
  const again = new Map(observed.findings.map((finding) => [finding.kind, finding]))
  const kept = open.findings.map((finding) => again.get(finding.kind) ?? finding)
  const fresh = observed.findings.filter(({ kind }) => !open.kinds.includes(kind))
  return told({ ...open, findings: [...kept, ...fresh], lastFound: observed.through }, observed)
}

function told(alert: StoredAlert, observed: Observed): StoredAlert {
  const drifted = observed.findings.some(({ kind }) => kind === 'drift')
  return {
    ...alert,
    kinds: alert.findings.map(({ kind }) => kind),
    title: alert.findings.map(({ headline }) => headline).join(' · '),
    explanation: alert.findings.map(({ detail }) => detail).join(' '),
    features: drifted ? [...observed.features] : alert.features,
    cost: {
      estimated: drifted ? observed.estimatedCost : alert.cost.estimated,
      measured: observed.measuredCost ?? alert.cost.measured,
      metric: alert.cost.metric,
    },
  }
}
