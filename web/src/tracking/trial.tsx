import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useParams } from 'react-router'
import type { Artifact, MetricBounds, RunLine, RunModel } from '#tracking/contract'
import { Asked } from '../shell/asked.tsx'
import { InlineFailure } from '../shell/failure.tsx'
import { directionNote, metricDirection, metricName } from '../shell/metrics.ts'
import { figure } from '../shell/numbers.ts'
import { Ago, Badge, Facts, Id, PageHead, Panel, SameAs, Skeleton, State } from '../shell/parts.tsx'
import { paths } from '../shell/paths.ts'
import { ask, server } from '../shell/server.ts'
import { useTitle } from '../shell/title.ts'
import { TracesOfRun } from '../tracing/of-run.tsx'
import { ArtifactBrowser } from './artifacts.tsx'
import { InputsPanel, ModelsPanel } from './came-of.tsx'
import { variesIn, varyingFirst } from './columns.ts'
import { CurveControls, Curves, useCurveSettings } from './curves.tsx'
import { isOfSystem } from './histories.ts'
import { refreshEvery } from './live-histories.ts'
import { NotePanel } from './note.tsx'
import { Rename } from './rename.tsx'
import { Took } from './runs.tsx'
import { RUN_TONES } from './states.ts'
import './tracking.css'
import { TagsPanel } from './tags.tsx'
import { Trials } from './trials.tsx'

type TrackedRun = RunLine & { artifacts: Artifact[]; models: RunModel[] }

/** One tracked run, live while it trains: what went in, how it goes, what came out. */
export function TrialPage() {
  const { project = '', run = '' } = useParams()
  const found = useQuery({
    ...ask('tracking', 'getRun', { params: { run } }),
    refetchInterval: ({ state: { data } }) => (data?.state === 'running' ? refreshEvery(data.startedAt) : false),
  })
  useTitle(found.data?.name, project || found.data?.experiment)
  return (
    <Asked query={found} skeleton={<Skeleton height={300} />}>
      {(one) => <OneTrial key={one.id} run={one} project={project} />}
    </Asked>
  )
}

function OneTrial({ run, project }: { run: TrackedRun; project: string }) {
  const params = { run: run.id }
  const inBin = run.deletedAt !== null
  const metrics = Object.keys(run.metrics)
  const tags = {
    tags: run.tags,
    about: 'this run',
    locked: inBin,
    className: 'span-6 stretch',
  }
  return (
    <>
      <PageHead
        crumbs={[
          ...(project === ''
            ? [
                { to: paths.experiments(), text: 'Experiments' },
                { to: paths.experiment(run.experimentId), text: run.experiment },
              ]
            : [{ to: paths.runs(project), text: 'Runs' }]),
          ...(run.parent === null ? [] : [{ to: paths.trial(project, run.parent), text: 'its parent' }]),
        ]}
        title={run.name}
        badge={
          <>
            <State tone={RUN_TONES[run.state]}>{run.state}</State>
            {inBin && <Badge tone="warn">in the bin</Badge>}
          </>
        }
        actions={
          <>
            {!inBin && (
              <Rename
                what="run"
                name={run.name}
                rename={(name) => server.tracking.renameRun({ params, body: { name } })}
              />
            )}
            <Bin run={run} />
          </>
        }
      >
        {project !== '' && `in experiment ${run.experiment} · `}
        <Ago at={run.startedAt} /> · took <Took from={run.startedAt} to={run.endedAt} />
        {run.tags['mlflow.user'] && ` · by ${run.tags['mlflow.user']}`}
        {run.tags['mlflow.source.name'] && ` · ${run.tags['mlflow.source.name']}`}
        {' · '}
        <Id value={run.id} />
        <TracesOfRun run={run.id} project={project} />
      </PageHead>
      <div className="grid">
        <MetricsPanel run={run} metrics={metrics.filter((name) => !isOfSystem(name))} />
        <Panel title="Params" className="span-5 stretch">
          <Pairs empty="No param was logged" pairs={run.params} />
        </Panel>
        <CurvesPanels run={run} />
        <Panel title="Artifacts">
          <ArtifactBrowser run={run.id} artifacts={run.artifacts} models={run.models} />
        </Panel>
        <ModelsPanel models={run.models} project={project} />
        <InputsPanel tags={run.tags} />
        <NotePanel {...tags} save={(tag) => server.tracking.tagRun({ params, body: tag })} />
        <TagsPanel
          {...tags}
          set={(tag) => server.tracking.tagRun({ params, body: tag })}
          remove={(key) => server.tracking.untagRun({ params, query: { key } })}
        />
        {run.nested > 0 && (
          <Panel title="Nested runs">
            <Trials parent={run.id} project={project} />
          </Panel>
        )}
      </div>
      <SameAs api={`/api/runs/${run.id}`} />
    </>
  )
}

/** Every metric with its last value, and its best one where that is another. */
function MetricsPanel({ run, metrics }: { run: TrackedRun; metrics: readonly string[] }) {
  return (
    <Panel title="Metrics" className="span-7 stretch">
      {metrics.length === 0 ? (
        <p className="note">Nothing {run.state === 'running' ? 'is measured yet' : 'was measured'} in this run.</p>
      ) : (
        <div className="scroll">
          <table>
            <thead>
              <tr>
                <th>metric</th>
                <th className="n">last</th>
                <th className="n">lowest</th>
                <th className="n">highest</th>
              </tr>
            </thead>
            <tbody>
              {metrics.map((name) => (
                <MetricRow key={name} name={name} last={run.metrics[name]} bounds={run.bounds[name]} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  )
}

function MetricRow({
  name,
  last,
  bounds,
}: {
  name: string
  last: number | null | undefined
  bounds: MetricBounds | undefined
}) {
  const direction = metricDirection(name)
  const varies = bounds !== undefined && bounds.min !== bounds.max
  const value = (shown: number | null | undefined, isBest: boolean) => (
    <td className={isBest ? 'n best' : 'n'} title={shown == null ? undefined : String(shown)}>
      {figure(shown)}
      {isBest && <span className="best-word"> best</span>}
    </td>
  )
  return (
    <tr>
      <td className="long-value">
        {metricName(name)} {directionNote(name) && <span className="note">{directionNote(name)}</span>}
      </td>
      {last === null ? <td className="n">NaN</td> : value(last, false)}
      {value(bounds?.min, varies && direction === 'lower')}
      {value(bounds?.max, varies && direction === 'higher')}
    </tr>
  )
}

/** How metrics went, and apart from them how the machine did. Both grow while the run trains. */
function CurvesPanels({ run }: { run: TrackedRun }) {
  const [settings, set] = useCurveSettings()
  const runs = useMemo(() => [{ id: run.id, name: run.name, look: 0 }], [run.id, run.name])
  const metrics = varyingFirst([run], Object.keys(run.metrics))
  const own = metrics.filter((name) => !isOfSystem(name))
  const system = metrics.filter(isOfSystem)
  const live = run.state === 'running'
  const given = { runs, live, every: refreshEvery(run.startedAt), settings }
  return (
    <>
      {own.some((name) => live || variesIn(run, name)) && (
        <Panel title="Curves" note={live ? 'growing while it trains' : undefined}>
          <CurveControls settings={settings} set={set} />
          <Curves metrics={own} {...given} />
        </Panel>
      )}
      {system.length > 0 && (
        <Panel title="System metrics" note="what the machine was doing">
          <Curves metrics={system} {...given} height={140} />
        </Panel>
      )}
    </>
  )
}

function Bin({ run }: { run: TrackedRun }) {
  const queries = useQueryClient()
  const inBin = run.deletedAt !== null
  const params = { run: run.id }
  const move = useMutation({
    mutationFn: () => (inBin ? server.tracking.restoreRun({ params }) : server.tracking.deleteRun({ params })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['tracking'] }),
  })
  return (
    <div>
      <button
        type="button"
        className={inBin ? 'button' : 'button danger'}
        title={inBin ? undefined : 'Puts it into the bin, where everything stays readable'}
        disabled={move.isPending}
        onClick={() => move.mutate()}
      >
        {inBin ? 'Restore' : 'Delete'}
      </button>
      {move.isError && <InlineFailure error={move.error} />}
    </div>
  )
}

function Pairs({ pairs, empty }: { pairs: Readonly<Record<string, string>>; empty: string }) {
  const rows = Object.entries(pairs).sort(([a], [b]) => a.localeCompare(b))
  if (rows.length === 0) return <p className="note">{empty}.</p>
  return (
    <div className="pairs">
      <Facts
        rows={rows.map(([name, value]) => [
          name,
          <span key={name} className="mono">
            {value}
          </span>,
        ])}
      />
    </div>
  )
}
