import type { Need } from './contract.ts'
import type { LoopFacts } from './facts.ts'

/** What only a person can decide: an inbox, one entry per decision. */
export function needsOf({ project, endpoint, rollout, candidate, alerts, runs, champion }: LoopFacts): Need[] {
  const needs: Need[] = []
  if (endpoint && rollout?.state === 'awaiting_certification' && candidate?.state === 'candidate') {
    const gain =
      candidate.comparison?.explanation ?? `Its gates passed: ${candidate.gates.length} of ${candidate.gates.length}.`
    needs.push({
      kind: 'certify',
      title: `Certify ${candidate.model} v${candidate.version}`,
      detail: `${candidate.cause.reason} ${gain}`,
      action: 'Review and sign',
      link: `/${project.name}/models/${candidate.model}/versions/${candidate.version}`,
      since: rollout.history.at(-1)?.at ?? rollout.createdAt,
      model: candidate.model,
      version: candidate.version,
    })
  }
  for (const alert of alerts) {
    // An alert that set off a run is being taken care of; it needs a person only while nothing follows from it.
    if (alert.pipelineRun !== null) continue
    needs.push({
      kind: 'alert',
      title: alert.title,
      detail: alert.explanation,
      action: 'See what moved',
      link: `/${project.name}/alerts/${alert.id}`,
      since: alert.openedAt,
      model: endpoint?.model ?? null,
      version: champion?.version ?? null,
    })
  }
  const [last] = runs
  if (last?.state === 'failed' && last.error) {
    needs.push({
      kind: 'failed_run',
      title: `${last.name} failed: ${last.error.code}`,
      detail: `${last.error.message} ${last.error.hint}`,
      action: 'See the run',
      link: `/${project.name}/runs/${last.id}`,
      since: last.finishedAt ?? last.createdAt,
      model: null,
      version: null,
    })
  }
  return needs
}
