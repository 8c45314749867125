import type { LoopOverview } from './contract.ts'
import type { LoopFacts } from './facts.ts'

export function summaryOf(facts: LoopFacts): LoopOverview['summary'] {
  const { project, endpoint, rollouts, champion, point, alerts, counts, retrainings } = facts
  const promotions = rollouts.filter((one) => one.state === 'promoted')
  const { quality } = project.spec.monitor
  return {
    state: stateOf(facts),
    champion: endpoint?.champion ?? null,
    championSince: promotions.find((one) => one.version === champion?.version)?.finishedAt ?? null,
    metric: point?.metric ?? null,
    value: point?.window?.value ?? null,
    reference: point?.window?.reference ?? null,
    windowMs: quality === 'off' ? null : quality.window,
    predictions: counts.predictions,
    failed: counts.failed,
    retrainings,
    promotions: promotions.length,
    rollbacks: rollouts.filter((one) => one.state === 'rolled_back').length,
    openAlerts: alerts.length,
  }
}

function stateOf({ endpoint, rollout, runs, alerts }: LoopFacts): LoopOverview['summary']['state'] {
  if (rollout?.state === 'awaiting_certification') return 'waits for you'
  if (runs[0]?.state === 'running' || runs[0]?.state === 'queued' || rollout) return 'working'
  if (endpoint?.champion == null) return 'not deployed'
  return alerts.length > 0 ? 'out of step' : 'in step'
}
