import type { Stage } from './contract.ts'
import type { LoopFacts } from './facts.ts'

/** The eight stages of the loop, in order, each with two short lines. */
export function stagesOf(facts: LoopFacts): Stage[] {
  return [
    data(facts),
    train(facts),
    evaluate(facts),
    register(facts),
    deploy(facts),
    serve(facts),
    monitor(facts),
    trigger(facts),
  ]
}

const EMPTY = { state: 'empty', link: null } as const

function data({ project, data, runs }: LoopFacts): Stage {
  if (!data) return { name: 'data', ...EMPTY, lines: ['no version yet', 'orrery run'] }
  const reading = runs[0]?.state === 'running' && runs[0].steps[0]?.state === 'running'
  return {
    name: 'data',
    state: reading ? 'working' : 'good',
    lines: [`${data.name} v${data.number}`, `${data.rows.toLocaleString('en')} rows`],
    link: `/${project.name}/data`,
  }
}

function train({ project, runs, retrainings }: LoopFacts): Stage {
  const [last] = runs
  if (!last) return { name: 'train', ...EMPTY, lines: ['no run yet', 'orrery run'] }
  const state =
    last.state === 'running' || last.state === 'queued' ? 'working' : last.state === 'failed' ? 'attention' : 'good'
  const seconds =
    last.startedAt && last.finishedAt ? ` · ${((last.finishedAt - last.startedAt) / 1000).toFixed(1)} s` : ''
  return {
    name: 'train',
    state,
    lines: [
      state === 'working' ? (last.progress?.message ?? `${last.name} ${last.state}`) : `${last.name}${seconds}`,
      `${retrainings} retraining${retrainings === 1 ? '' : 's'}`,
    ],
    link: `/${project.name}/runs/${last.id}`,
  }
}

function evaluate({ project, champion, candidate }: LoopFacts): Stage {
  const version = candidate ?? champion
  if (!version) return { name: 'evaluate', ...EMPTY, lines: ['nothing to evaluate', 'yet'] }
  const failed = version.gates.filter((gate) => !gate.passed).length
  return {
    name: 'evaluate',
    state: failed > 0 ? 'attention' : 'good',
    lines: [
      `v${version.version}: ${version.gates.length - failed} of ${version.gates.length} gates`,
      failed > 0 ? `${failed} not passed` : 'all passed',
    ],
    link: `/${project.name}/models/${version.model}/versions/${version.version}`,
  }
}

function register({ project, endpoint, versions, candidate }: LoopFacts): Stage {
  if (!endpoint || versions === 0) return { name: 'register', ...EMPTY, lines: ['no version yet', ''] }
  return {
    name: 'register',
    state: candidate?.state === 'candidate' ? 'waiting' : 'good',
    lines: [
      `${versions} version${versions === 1 ? '' : 's'}`,
      candidate ? `v${candidate.version} ${candidate.state.replace('_', ' ')}` : 'champion in service',
    ],
    link: `/${project.name}/models/${endpoint.model}`,
  }
}

function deploy({ project, endpoint, rollout }: LoopFacts): Stage {
  if (!endpoint) return { name: 'deploy', ...EMPTY, lines: ['no endpoint', 'orrery apply'] }
  const link = `/${project.name}/endpoints/${endpoint.name}`
  if (!rollout) {
    const champion = endpoint.champion === null ? 'nothing deployed' : `v${endpoint.champion} at 100 %`
    return {
      name: 'deploy',
      state: endpoint.champion === null ? 'empty' : 'good',
      lines: [champion, endpoint.environment],
      link,
    }
  }
  const waits = rollout.state === 'awaiting_certification'
  return {
    name: 'deploy',
    state: waits ? 'waiting' : 'working',
    lines: [
      rollout.state === 'canary' ? `canary ${Math.round(rollout.share * 100)} %` : rollout.state.replace('_', ' '),
      waits ? `v${rollout.version} waits for a signature` : `v${rollout.version} on its way`,
    ],
    link,
  }
}

function serve({ project, endpoint, counts }: LoopFacts): Stage {
  if (!endpoint || endpoint.champion === null) return { name: 'serve', ...EMPTY, lines: ['nothing served', 'yet'] }
  const p99 = counts.p99Ms === null ? '' : ` · p99 ${counts.p99Ms.toFixed(1)} ms`
  return {
    name: 'serve',
    state: counts.failed > 0 ? 'attention' : 'good',
    lines: [
      `${counts.predictions.toLocaleString('en')} served`,
      counts.failed > 0 ? `${counts.failed} failed` : `0 failed${p99}`,
    ],
    link: `/${project.name}/endpoints/${endpoint.name}`,
  }
}

function monitor({ project, endpoint, point, alerts }: LoopFacts): Stage {
  if (!endpoint || !point) return { name: 'monitor', ...EMPTY, lines: ['waits for a first', 'period of traffic'] }
  const moved = point.drift?.features.filter((feature) => feature.psi > Math.max(0.2, 2 * feature.noise)).length ?? 0
  return {
    name: 'monitor',
    state: alerts.length > 0 ? 'attention' : 'good',
    lines: [
      `${moved} feature${moved === 1 ? '' : 's'} moved`,
      alerts.length > 0 ? `${alerts.length} open alert` : 'no alert',
    ],
    link: `/${project.name}/monitors/${endpoint.name}`,
  }
}

function trigger({ project, runs, retrainings }: LoopFacts): Stage {
  const [last] = runs.filter((run) => run.cause.kind !== 'person')
  const rules = project.spec.when.length
  if (rules === 0) return { name: 'trigger', ...EMPTY, lines: ['no rule', 'add `when:`'] }
  return {
    name: 'trigger',
    state: 'good',
    lines: [
      `${rules} rule${rules === 1 ? '' : 's'} · fired ${retrainings}×`,
      last ? `last: ${last.cause.kind}` : 'has not fired',
    ],
    link: last ? `/${project.name}/runs/${last.id}` : null,
  }
}
