import type { DataVersion } from '#data/contract'
import { defaultMetric } from '#evaluation'
import type { EvaluationReport } from '#evaluation/contract'
import type { PipelineRun } from '#pipelines/contract'
import type { PackagedVersion } from '#registry/contract'
import type { World } from '#worlds'
import { followPipelineRun, type Outcome, outcomeOf } from '../pipeline-run.ts'
import type { ProjectFolder } from '../project-folder.ts'
import { settle } from '../replay/settle.ts'
import { padded } from '../screen.ts'
import type { Server } from '../server.ts'
import { bytes, count, counted, elapsed, eventDay, figure, percent, shortHash } from '../wording.ts'
import { BornDead } from './errors.ts'
import type { Story } from './story.ts'

/** From the table to the first version in production: the first five parts of the story. */
export async function tellBirth(
  story: Story,
  { server, qa, world, project }: { server: Server; qa: Server; world: World; project: ProjectFolder },
): Promise<void> {
  const name = project.spec.project
  story.chapter(1, 'A table becomes a dataset version')
  const body = { reason: 'the first training, asked for by the demo' }
  const { id } = await server.startPipeline({ params: { project: name }, body })
  const run = await followPipelineRun(server, id, {
    step: () => undefined,
    working: (step, message) => story.working(message || step),
  })
  if (run.dataVersion) tellData(story, await server.getDataVersion({ params: { version: run.dataVersion } }), world)
  if (run.state !== 'succeeded') throw new BornDead(run.error?.message ?? `the pipeline run was ${run.state}`)

  story.chapter(2, 'Candidates are trained and tracked')
  const { maximize, minimize } = project.spec.pipeline.train.with
  await tellTrials(story, server, run, maximize ?? minimize ?? defaultMetric(world.task))
  story.working('gates and checks in staging')
  const outcome = await outcomeOf(server, run)
  if (!outcome) throw new BornDead('its run left no version')
  const { model, version } = outcome.version
  const { report } = await server.getVersion({ params: { model, version } })
  if (!report) throw new BornDead('nobody evaluated its version')
  story.chapter(3, 'The best is evaluated on rows it has never seen')
  tellReport(story, report)
  story.chapter(4, 'It is packaged, and gates judge it')
  tellPackage(story, outcome.version)
  story.chapter(5, 'It is tried in staging, signed, and serves')
  await tellRelease(story, { server, qa, project: name, outcome })
}

function tellData(story: Story, data: DataVersion, { note, title, simulated }: World): void {
  const { label, time } = data.profile
  const classes = label?.classes.map((name, i) => `${name} ${percent(label.counts[i]! / data.rows)}`).join(', ')
  const flagged = data.profile.columns.filter((column) => column.flags.length > 0)
  const held = data.expectations.filter((one) => one.passed).length
  const { split } = data
  story.tell({
    event: 'data_version',
    mark: 'good',
    text: `${data.dataset} v${data.number} · ${count(data.rows)} rows × ${data.schema.columns.length} columns · ${shortHash(data.contentHash)}`,
    more: [
      `${title}${simulated ? ': computed, not observed' : ''}${note ? `. ${note}` : ''}`,
      `label ${label?.column}: ${label?.task}${classes ? ` · ${classes}` : ''}`,
      ...(time ? [`from ${eventDay(time.from)} to ${eventDay(time.to)}${time.ordered ? ', in order' : ''}`] : []),
      ...(split
        ? [
            `split by ${split.by}: ${count(split.rows.train)} train, ${count(split.rows.validation)} validation, ` +
              `${count(split.rows.test)} test · ${shortHash(split.hash)}`,
          ]
        : []),
      `${held} of ${counted(data.expectations.length, 'expectation')} hold` +
        (flagged.length > 0 ? ` · no features: ${flagged.map((column) => column.name).join(', ')}` : ''),
    ],
    data: { version: data.id, rows: data.rows, contentHash: data.contentHash, split: split?.rows ?? null },
  })
}

async function tellTrials(story: Story, server: Server, run: PipelineRun, metric: string): Promise<void> {
  const { runs } = await server.listRuns({ query: { parent: run.id, limit: 100 } })
  const step = run.steps.find(({ name }) => name === 'train')
  const took = step?.startedAt && step.finishedAt ? step.finishedAt - step.startedAt : 0
  story.tell({
    event: 'trained',
    mark: 'good',
    text: `${counted(runs.length, 'candidate')} in ${elapsed(took)} · run ${run.name} · code ${codeOf(run)}`,
    more: runs
      .toSorted((a, b) => a.name.localeCompare(b.name))
      .map(({ name, params, metrics }) => {
        const half = params.half_life === 'all' ? 'all rows alike' : `half-life ${params.half_life}`
        const weight = metrics.weight && metrics.weight >= 0.005 ? `weighs ${percent(metrics.weight)}` : ''
        const short = name.split('/').at(-1)!
        return `${padded(short, 9)} ${padded(params.learner?.replace('_', ' ') ?? '', 14)} ${padded(half, 16)} ${metric} ${figure(metrics[`validation.${metric}`])}  ${weight}`
      }),
    data: { run: run.id, name: run.name, candidates: runs.map(({ params, metrics }) => ({ params, metrics })) },
  })
}

function codeOf({ code }: PipelineRun): string {
  return code.commit ? `${code.commit.slice(0, 7)}${code.dirty ? ', changed' : ''}` : shortHash(code.contentHash)
}

function tellReport(story: Story, report: EvaluationReport): void {
  const shown = Object.entries(report.metrics).map(([name, { value, lower95, upper95 }]) => {
    const interval = lower95 === null ? '' : ` (95 %: ${figure(lower95)} to ${figure(upper95)})`
    return [name, `${figure(value)}${interval}`] as const
  })
  const [judged] = shown.filter(([name]) => name === report.metric)
  const worst = report.segments?.worst
  const { robustness } = report
  story.tell({
    event: 'evaluated',
    mark: 'good',
    text: `${report.metric} ${judged?.[1] ?? '–'} on ${count(report.n)} rows`,
    more: [
      shown
        .filter(([name]) => name !== report.metric)
        .slice(0, 4)
        .map(([name, value]) => `${name} ${value}`)
        .join(' · '),
      ...(worst
        ? [
            `weakest of ${counted(report.segments!.segments.length, 'segment')}: ${worst.column} ${worst.segment}, ${report.metric} ${figure(worst.estimate?.value)}`,
          ]
        : []),
      ...report.fairness.map(({ column, disparateImpact, fourFifths }) =>
        disparateImpact
          ? `fairness by ${column}: lowest ratio of selection ${figure(disparateImpact.value)} (${disparateImpact.group})` +
            (fourFifths?.conclusive ? '' : ', not conclusive')
          : `fairness by ${column}: too few rows to compare`,
      ),
      ...(robustness?.flipsUnderNoise == null
        ? []
        : [`robustness: ${percent(robustness.flipsUnderNoise)} of decisions flip under noise`]),
      'no champion yet to compare with',
    ].filter(Boolean),
    data: { metric: report.metric, metrics: report.metrics, n: report.n },
  })
}

function tellPackage(story: Story, version: PackagedVersion): void {
  const { format, size, hash, parity } = version.package
  const passed = version.gates.filter((gate) => gate.passed).length
  story.tell({
    event: 'version_registered',
    mark: passed === version.gates.length ? 'good' : 'bad',
    text: `${version.model} v${version.version} · ${format.toUpperCase()} ${bytes(size)} · ${shortHash(hash)}`,
    more: [
      `parity with the trainer: max abs difference ${parity.maxAbsDifference.toExponential(1)} on ${count(parity.rows)} rows`,
      `${passed} of ${version.gates.length} gates:`,
      ...version.gates.map((gate) => `${gate.passed ? '✓' : '✗'} ${gate.condition} · ${gate.explanation}`),
    ],
    data: { model: version.model, version: version.version, package: version.package, gates: version.gates },
  })
}

async function tellRelease(
  story: Story,
  { server, qa, project, outcome }: { server: Server; qa: Server; project: string; outcome: Outcome },
): Promise<void> {
  const { model, version, endpoint } = outcome.version
  if (!outcome.rollout) throw new BornDead('a gate said no; see above')
  const checked = outcome.rollout.history.at(-1)!
  const passed = outcome.rollout.state !== 'rejected'
  story.tell({
    event: 'release_checked',
    mark: passed ? 'good' : 'bad',
    text: passed ? 'staging: its release checks passed' : 'staging: a release check failed',
    more: checked.note.split(/(?<=\.) (?=[A-Z])/),
    data: { model, version, passed, note: checked.note },
  })
  if (!passed) throw new BornDead('a release check failed; see above')
  await settle(server, qa, project)
  const { certification } = await server.getVersion({ params: { model, version } })
  if (certification)
    story.tell({
      event: 'version_certified',
      mark: 'good',
      text: `certified by ${certification.by}${certification.automatic ? ', automatically: this is a demo' : ''}`,
      more: [certification.note],
      data: { model, version, ...certification },
    })
  const { champion } = await server.getEndpoint({ params: { endpoint } })
  if (champion !== version) throw new BornDead(`${endpoint} serves ${champion === null ? 'nothing' : `v${champion}`}`)
  story.tell({
    event: 'promoted',
    mark: 'good',
    text: `${model} v${version} serves POST /predict/${endpoint}`,
    data: { endpoint, model, version },
  })
}
