import pc from 'picocolors'
import type { Trace } from '#governance/contract'
import { pages } from './pages.ts'
import { padded } from './screen.ts'
import { bytes, count, elapsed, eventDay, eventTime, figure, moment, percent, shortHash, signed } from './wording.ts'

const NAME_WIDTH = 24
/** What moved an answer most; the pages show all of it. */
const CONTRIBUTIONS_SHOWN = 6

type TracedVersion = Trace['versions'][number]

/** The past of one answer as a tree: the answer, each version that made it, and where that came from. */
export function renderTrace({ prediction, versions, explanation }: Trace, url: string): string {
  const { id, endpoint, value, label, groundTruth, route } = prediction
  const answer = label === null ? figure(value) : `${value.toFixed(2)} → ${label}`
  const truth = groundTruth ? `truth: ${groundTruth.label}` : pc.dim('truth not known yet')
  const lines = [
    `prediction ${pc.bold(id)}   ${eventTime(prediction.eventTime)}   ${endpoint}   ${pc.bold(answer)}   ${truth}` +
      (route === 'canary' ? `   ${pc.yellow('answered by the canary')}` : ''),
  ]
  versions.forEach((version, i) => {
    const last = i === versions.length - 1
    lines.push(`${last ? '└' : '├'} ${versionLine(version, versions.length)}`)
    const stem = last ? ' ' : '│'
    const branches = branchesOf(version)
    branches.forEach((branch, b) => {
      lines.push(`${stem} ${b === branches.length - 1 ? '└' : '├'} ${branch}`)
    })
  })
  if (explanation) lines.push(whyLine(value, label, explanation))
  lines.push(pc.dim(pages.trace(url, id)))
  return lines.join('\n')
}

function versionLine({ model, version, weight, package: onnx, certification }: TracedVersion, of: number): string {
  const part = of > 1 && weight !== null ? `${percent(weight)} of the answer   ` : ''
  const signed = certification
    ? `certified by ${certification.by}${certification.automatic ? ' (automatic)' : ''}, ${moment(certification.at)}`
    : pc.yellow('not certified')
  return `${pc.bold(padded(`${model} v${version}`, NAME_WIDTH))} ${part}onnx ${shortHash(onnx.hash)} ${bytes(onnx.size)}   ${signed}`
}

function branchesOf({ run, pipelineRun, environment, code, data, cause, alert, gates }: TracedVersion): string[] {
  const passed = gates.filter((gate) => gate.passed).length
  const facts = [
    run?.params.learner,
    Object.entries(environment)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
    run?.params.seed === undefined ? undefined : `seed ${run.params.seed}`,
    run?.seconds == null ? undefined : elapsed(run.seconds * 1000),
  ]
  const branch = (name: string, text: string) => `${padded(name, NAME_WIDTH - 2)} ${text}`
  return [
    branch(`run ${pipelineRun?.name ?? run?.name ?? '–'}`, facts.filter(Boolean).join(' · ')),
    ...(code ? [branch(`code ${code.commit?.slice(0, 7) ?? '–'}`, codeWords(code))] : []),
    ...(data
      ? [
          branch(
            `data ${data.dataset}${data.until === null ? '' : `@${eventDay(data.until)}`}`,
            `v${data.number} · ${count(data.rows)} rows · ${shortHash(data.contentHash)} · from ${data.source}${tablesOf(data)}`,
          ),
        ]
      : []),
    branch('gates', `${passed} of ${gates.length} passed`),
    branch('because', alert ? `${alert.title}${movesOf(alert)}` : cause.reason),
  ]
}

const tablesOf = ({ tables }: NonNullable<TracedVersion['data']>) =>
  tables.length === 0 ? '' : ` · made with ${tables.map(({ dataset, number }) => `${dataset}@${number}`).join(', ')}`

function codeWords({ commit, dirty, contentHash }: NonNullable<TracedVersion['code']>): string {
  const state = commit ? (dirty ? 'with uncommitted changes' : 'clean') : 'not in git'
  return contentHash ? `${state} · ${shortHash(contentHash)}` : state
}

function movesOf({ features }: NonNullable<TracedVersion['alert']>): string {
  const [first] = features
  return first ? ` · ${first.feature}: ${first.change} (PSI ${first.psi.toFixed(2)})` : ''
}

function whyLine(value: number, label: string | null, { contributions, method }: NonNullable<Trace['explanation']>) {
  const shown = contributions
    .slice(0, CONTRIBUTIONS_SHOWN)
    .map(({ feature, value, contribution }) => `${feature} ${pc.dim(`(${value})`)} ${signed(contribution)}`)
  const rest = contributions.length - shown.length
  const answer = label === null ? figure(value) : value.toFixed(2)
  return `Why ${answer}?  ${shown.join(' · ')}${rest > 0 ? pc.dim(` · ${rest} more`) : ''}\n${pc.dim(`  ${method}`)}`
}
