import pc from 'picocolors'
import type { PipelineRun, PipelineStep } from '#pipelines/contract'
import type { ProjectSpec } from '#projects'
import { ANSWER_IS_NO, COULD_NOT, DONE } from './exit.ts'
import { BAD, BUSY, GOOD, printJson } from './output.ts'
import { pages } from './pages.ts'
import { followPipelineRun, type Outcome, outcomeOf } from './pipeline-run.ts'
import { readProjectFolder } from './project-folder.ts'
import { heldWords } from './rollout.ts'
import { openScreen, padded, type Screen, spinner } from './screen.ts'
import { type ServerOptions, serverFrom } from './server.ts'
import { elapsed, percent } from './wording.ts'

interface Options extends ServerOptions {
  file: string
  reason: string
  detach?: boolean
}

/** Runs the pipeline of a project and follows it until its version waits for somebody, serves or was refused. */
export async function run(options: Options): Promise<number> {
  const { url, server } = serverFrom(options)
  const { spec } = await readProjectFolder(options.file)
  const started = await server.startPipeline({ params: { project: spec.project }, body: { reason: options.reason } })
  const link = pages.run(url, spec.project, started.id)
  if (options.detach) {
    if (options.json) printJson(started)
    else console.log(`${BUSY} ${started.name} ${started.existed ? 'was under way already' : 'started'} · ${link}`)
    return DONE
  }
  const screen = options.json ? undefined : openScreen()
  try {
    if (started.existed) screen?.line(`${BUSY} ${started.name} was under way already`)
    const done = await followPipelineRun(server, started.id, {
      step: (step) => screen?.line(stepLine(step)),
      working: (step, message) => screen?.block([`${spinner()} ${padded(step, 14)} ${pc.dim(message)}`]),
    })
    screen?.block([`${spinner()} ${padded('deploy', 14)} ${pc.dim('checks in staging')}`])
    const outcome = done.state === 'succeeded' ? await outcomeOf(server, done) : undefined
    if (screen) tellOutcome(screen, { url, spec, run: done, outcome })
    else printJson({ run: done, version: outcome?.version ?? null, rollout: outcome?.rollout ?? null })
    screen?.line(`  run ${started.name} · ${link}`)
    return verdict(done, outcome)
  } finally {
    screen?.close()
  }
}

function stepLine({ name, state, summary, startedAt, finishedAt }: PipelineStep): string {
  const took = startedAt !== null && finishedAt !== null ? pc.dim(elapsed(finishedAt - startedAt)) : ''
  return `${state === 'failed' ? BAD : GOOD} ${padded(name, 14)} ${padded(summary, 78)} ${took}`.trimEnd()
}

interface Ended {
  url: string
  spec: ProjectSpec
  run: PipelineRun
  outcome: Outcome | undefined
}

function tellOutcome(screen: Screen, ended: Ended): void {
  const { run, outcome } = ended
  if (run.error) {
    const reached = run.steps.find((step) => step.state === 'failed')?.name ?? run.name
    screen.line(`${BAD} ${padded(reached, 14)} ${pc.bold(run.error.code)}  ${run.error.message}`)
    screen.line(`  ${padded('', 14)} ${run.error.hint}`)
  } else if (run.state === 'cancelled') screen.line(`${BAD} ${padded(run.name, 14)} was cancelled`)
  if (!outcome) return
  const { version } = outcome
  const refused = version.gates.filter((gate) => !gate.passed)
  const gates = `${version.gates.length - refused.length} of ${version.gates.length} gates`
  screen.line(
    `${refused.length > 0 ? BAD : GOOD} ${padded('register', 14)} ${version.model} v${version.version} · ${gates}`,
  )
  for (const gate of refused) screen.line(`  ${padded('', 14)} ${gate.condition}: ${gate.explanation}`)
  screen.line(deployLine(ended, outcome))
}

function deployLine({ url, spec }: Ended, { version, rollout }: Outcome): string {
  const line = (sign: string, text: string) => `${sign} ${padded('deploy', 14)} ${text}`
  if (!rollout) return line(BAD, 'goes no further: a gate said no; what serves keeps serving')
  const link = pages.version(url, spec.project, version.model, version.version)
  const why = rollout.history.at(-1)?.note ?? ''
  switch (rollout.state) {
    case 'staging':
      return line(BUSY, `in staging: ${why}`)
    case 'awaiting_certification': {
      const role = spec.environments[spec.deploy[version.endpoint]?.environment ?? '']?.certify ?? 'somebody'
      return line(BUSY, `waits for ${[role].flat().join(' and ')} to certify → ${link}`)
    }
    case 'canary':
    case 'rolling':
    case 'ab':
    case 'shadow':
    case 'challenger':
    case 'baking': {
      const share = rollout.share > 0 ? ` ${percent(rollout.share)}` : ''
      return line(BUSY, `${rollout.state}${share} · ${heldWords(rollout.steps[rollout.step]!)} → ${link}`)
    }
    case 'promoted':
      return line(GOOD, `v${version.version} serves → ${link}`)
    default:
      return line(BAD, `${rollout.state.replace('_', ' ')}: ${why}`)
  }
}

/** No is an answer: a gate or a check refused the version. A run that failed could not be judged at all. */
function verdict(run: PipelineRun, outcome: Outcome | undefined): number {
  if (run.state !== 'succeeded' || !outcome) return COULD_NOT
  const state = outcome.rollout?.state
  return !state || state === 'rejected' || state === 'rolled_back' || state === 'aborted' ? ANSWER_IS_NO : DONE
}
