import { useQuery } from '@tanstack/react-query'
import { useParams } from 'react-router'
import type { Artifact, Run } from '#tracking/contract'
import { Asked } from '../shell/asked.tsx'
import { directionNote, metricName } from '../shell/metrics.ts'
import { bytes, figure } from '../shell/numbers.ts'
import { Ago, Empty, Facts, Id, PageHead, Panel, SameAs, Skeleton, State } from '../shell/parts.tsx'
import { paths } from '../shell/paths.ts'
import { ask } from '../shell/server.ts'
import { useTitle } from '../shell/title.ts'
import { Histories } from './histories.tsx'
import { TrackHint } from './own-runs.tsx'
import { TracesOfRun } from '../tracing/of-run.tsx'
import { Took } from './runs.tsx'
import { RUN_TONES } from './states.ts'
import { Trials } from './trials.tsx'

/** One tracked run: what went in, what came out. */
export function TrialPage() {
  const { project = '', run = '' } = useParams()
  const found = useQuery(ask('tracking', 'getRun', { params: { run } }))
  useTitle(found.data?.name, project)
  return (
    <Asked query={found} skeleton={<Skeleton height={300} />}>
      {(one) => <OneTrial run={one} project={project} />}
    </Asked>
  )
}

function OneTrial({ run, project }: { run: Run & { artifacts: Artifact[] }; project: string }) {
  return (
    <>
      <PageHead
        crumbs={[
          { to: paths.runs(project), text: 'Runs' },
          ...(run.parent === null ? [] : [{ to: paths.trial(project, run.parent), text: 'its parent' }]),
        ]}
        title={run.name}
        badge={<State tone={RUN_TONES[run.state]}>{run.state}</State>}
      >
        in experiment {run.experiment} · <Ago at={run.startedAt} /> · took{' '}
        <Took from={run.startedAt} to={run.endedAt} />
        <TracesOfRun run={run.id} project={project} />
      </PageHead>
      <div className="grid">
        <Panel title="Metrics" className="span-6 stretch">
          <Pairs
            empty="Nothing was measured in this run"
            rows={Object.entries(run.metrics).map(([name, value]) => [
              `${metricName(name)}${directionNote(name) ? `, ${directionNote(name)}` : ''}`,
              <span key={name} className="mono">
                {figure(value)}
              </span>,
            ])}
          />
          <Histories run={run.id} metrics={Object.keys(run.metrics)} />
        </Panel>
        <Panel title="Parameters" className="span-6 stretch">
          <Pairs
            empty="No parameter was logged"
            rows={Object.entries(run.params).map(([name, value]) => [
              name,
              <span key={name} className="mono">
                {value}
              </span>,
            ])}
          />
        </Panel>
        <Panel title="Artifacts" className="span-6 stretch">
          {run.artifacts.length === 0 ? (
            <Empty title="No artifact">Files that a run leaves behind stand here by content hash.</Empty>
          ) : (
            <table>
              <thead>
                <tr>
                  <th>path</th>
                  <th className="n">size</th>
                  <th>sha256</th>
                </tr>
              </thead>
              <tbody>
                {run.artifacts.map((artifact) => (
                  <tr key={artifact.path}>
                    <td className="mono">{artifact.path}</td>
                    <td className="n">{bytes(artifact.size)}</td>
                    <td>
                      <Id value={artifact.hash} tail={false} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </Panel>
        <Panel title="Tags" className="span-6 stretch">
          <Facts rows={[['id', <Id key="id" value={run.id} />]]} />
          <Pairs
            empty="No tag"
            rows={Object.entries(run.tags).map(([name, value]) => [
              name,
              <span key={name} className="mono">
                {value}
              </span>,
            ])}
          />
        </Panel>
        <Panel title="Nested runs">
          <Trials parent={run.id} project={project} />
          <p className="note nested-note">To track runs of your own, point the mlflow client here:</p>
          <TrackHint />
        </Panel>
      </div>
      <SameAs api={`/api/runs/${run.id}`} />
    </>
  )
}

function Pairs({ rows, empty }: { rows: (readonly [string, React.ReactNode])[]; empty: string }) {
  if (rows.length === 0) return <p className="note">{empty}.</p>
  return <Facts rows={[...rows].sort(([a], [b]) => a.localeCompare(b))} />
}
