import pc from 'picocolors'
import type { Evidence, Rollout, RolloutStep } from '#deployments/contract'
import { formatDuration } from '#platform/time'
import { DONE } from './exit.ts'
import { GOOD, printJson } from './output.ts'
import { padded } from './screen.ts'
import { type ServerOptions, serverFrom } from './server.ts'
import { count, counted, figure, percent } from './wording.ts'

/** The roll-out under way on an endpoint, or the last one: its steps, and what each decision stood on. */
export async function rolloutStatus(endpoint: string, options: ServerOptions): Promise<number> {
  const { server } = serverFrom(options)
  const [found, { rollouts }] = await Promise.all([
    server.getEndpoint({ params: { endpoint } }),
    server.listRollouts({ params: { endpoint }, query: { limit: 20 } }),
  ])
  const open = rollouts.filter((one) => one.finishedAt === null)
  const shown = open.length > 0 ? open : rollouts.slice(0, 1)
  if (options.json) {
    printJson({ endpoint: found, rollouts: shown })
    return DONE
  }
  console.log(
    `${pc.bold(endpoint)}   ${found.champion === null ? 'no version answers yet' : `v${found.champion} answers`}`,
  )
  if (shown.length === 0) console.log('No roll-out yet: `orrery run` makes a version that sets out.')
  for (const rollout of shown) console.log(`\n${rolloutText(rollout)}`)
  return DONE
}

export function rolloutText(rollout: Rollout): string {
  const { version, from, strategy, state, steps, step, paused, history } = rollout
  const lines = [
    `v${version}${from === null ? '' : ` to replace v${from}`}   ${strategy.replace('_', '/')}   ${pc.bold(stateWords(state))}${paused ? pc.yellow('   paused') : ''}`,
    `  ${[...steps.map(({ share, kind }, i) => stepText(kind, share, state, i, step)), state === 'promoted' ? pc.green('● promoted') : pc.dim('○ promoted')].join('  ')}`,
  ]
  const current = steps[step]
  if (rollout.began && current) lines.push(`  ${heldWords(current)}`)
  for (const entry of history) {
    lines.push(
      `  ${pc.dim(new Date(entry.at).toISOString().slice(0, 16).replace('T', ' '))}  ${padded(stateWords(entry.state), 12)} ${entry.note}`,
    )
    if (entry.evidence) lines.push(...evidenceLines(entry.evidence).map((line) => `${' '.repeat(33)}${pc.dim(line)}`))
  }
  return lines.join('\n')
}

function stepText(kind: RolloutStep['kind'], share: number, state: Rollout['state'], i: number, step: number): string {
  const text = `${kind}${share > 0 ? ` ${percent(share)}` : ''}`
  if (state === 'promoted' || i < step) return pc.green(`● ${text}`)
  return i === step && state === kind ? pc.yellow(`◐ ${text}`) : pc.dim(`○ ${text}`)
}

/** What a step waits for. */
export function heldWords({ kind, hold }: RolloutStep): string {
  const waits = [
    hold.eventMs > 0 && `${formatDuration(hold.eventMs)} of requests`,
    hold.clockMs > 0 && `${formatDuration(hold.clockMs)} by the clock`,
    hold.requests > 0 && `${count(hold.requests)} requests`,
  ].filter(Boolean)
  if (kind === 'ab') return 'holds until the experiment decides'
  if (kind === 'challenger') return 'holds until it is the best and its rule says so'
  return waits.length === 0 ? 'holds until the first request' : `holds ${waits.join(', ')}`
}

function evidenceLines({ quality, value, answers, experiment, latency, rank }: Evidence): string[] {
  const interval = (low: number | null, high: number | null) =>
    low === null || high === null ? '' : ` (${figure(low)} to ${figure(high)})`
  return [
    quality?.improvement &&
      `${quality.metric}: better by ${figure(quality.improvement.value)}${interval(quality.improvement.lower95, quality.improvement.upper95)}`,
    value &&
      `worth ${figure(value.improvement.value)} ${value.unit} more per decision${interval(value.improvement.lower95, value.improvement.upper95)}`,
    answers &&
      `answers: ${answers.changed === null ? '' : `${percent(answers.changed)} decided otherwise, `}PSI ${answers.psi === null ? '?' : figure(answers.psi)}`,
    latency.candidate &&
      latency.champion &&
      `p99 ${figure(latency.candidate.p99)} ms, champion ${figure(latency.champion.p99)} ms`,
    experiment?.difference !== null &&
      experiment?.difference !== undefined &&
      `experiment: ${experiment.metric} ${figure(experiment.difference)}${interval(experiment.lower, experiment.upper)}, always-valid p ${figure(experiment.p ?? 1)}`,
    rank !== null && `rank ${rank}`,
  ].filter((line): line is string => typeof line === 'string')
}

export async function steerRollout(
  action: 'pause' | 'resume' | 'skip' | 'abort',
  endpoint: string,
  options: ServerOptions & { reason: string; version?: string },
): Promise<number> {
  const { server } = serverFrom(options)
  const { reason, version } = options
  const rollout = await server.steerRollout({
    params: { endpoint },
    body: { action, reason, ...(version && { version: Number(version.replace(/^v/, '')) }) },
  })
  if (options.json) printJson(rollout)
  else console.log(`${GOOD} ${rollout.history.at(-1)!.note}\n${rolloutText(rollout)}`)
  return DONE
}

/** The previous version answers from the next request on. */
export async function rollBack(endpoint: string, options: ServerOptions & { reason: string }): Promise<number> {
  const { server } = serverFrom(options)
  const found = await server.rollBack({ params: { endpoint }, body: { reason: options.reason } })
  if (options.json) printJson(found)
  else console.log(`${GOOD} v${found.champion} answers ${endpoint}`)
  return DONE
}

/** How many answers an experiment takes. */
export async function experimentSize(
  options: ServerOptions & { baseRate: string; minEffect: string; alpha: string; power: string; share: string },
): Promise<number> {
  const { server } = serverFrom(options)
  const { baseRate, minEffect, alpha, power, share } = options
  const size = await server.experimentSize({
    query: { base_rate: baseRate, min_effect: minEffect, alpha, power, share: String(Number.parseFloat(share) / 100) },
  })
  if (options.json) printJson(size)
  else
    console.log(
      `${counted(size.sequential, 'answer')} of both arms at most, looked at whenever you like\n${pc.dim(`${counted(size.fixed, 'answer')} for a test that is looked at once, at its end`)}`,
    )
  return DONE
}

const stateWords = (state: string) => state.replaceAll('_', ' ')
