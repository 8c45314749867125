import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from 'react-router'
import type { Alert, FeatureMove } from '#monitoring/contract'
import { SharedCursor } from '../charts/cursor.tsx'
import { Asked } from '../shell/asked.tsx'
import { metricName } from '../shell/metrics.ts'
import { figure, signed } from '../shell/numbers.ts'
import { Ago, Badge, Facts, Id, PageHead, Panel, SameAs, Skeleton, State } from '../shell/parts.tsx'
import { paths } from '../shell/paths.ts'
import { ask } from '../shell/server.ts'
import { eventMinute } from '../shell/times.ts'
import { useTitle } from '../shell/title.ts'
import { RUN_TONES } from '../tracking/states.ts'
import { InStep } from './in-step.tsx'
import './monitoring.css'

/** One alert: what moved, what it costs, what happened because of it. */
export function AlertPage() {
  const { project = '', alert = '' } = useParams()
  const found = useQuery(ask('monitoring', 'getAlert', { params: { alert } }))
  useTitle(found.data?.title, 'Alert', project)
  return (
    <Asked query={found} skeleton={<Skeleton height={300} />}>
      {(one) => <OneAlert alert={one} project={project} />}
    </Asked>
  )
}

function OneAlert({ alert, project }: { alert: Alert; project: string }) {
  const endpoint = useQuery(ask('deployments', 'getEndpoint', { params: { endpoint: alert.endpoint } }))
  const model = endpoint.data?.model
  return (
    <SharedCursor>
      <PageHead
        crumbs={[
          { to: paths.monitors(project), text: 'Monitors' },
          { to: paths.monitor(project, alert.endpoint), text: alert.endpoint },
        ]}
        title={alert.title}
        badge={
          <>
            <State tone={alert.closedAt === null ? 'warn' : 'ok'}>{alert.closedAt === null ? 'open' : 'closed'}</State>
            {alert.kinds.map((kind) => (
              <Badge key={kind}>{kind}</Badge>
            ))}
          </>
        }
      >
        {alert.explanation}
      </PageHead>
      <div className="grid">
        <div className="span-8 stack">
          <Panel title="What moved">
            {alert.features.length === 0 ? (
              <p className="note">No single feature moved: the relation between features and label did.</p>
            ) : (
              <Moves moves={alert.features} />
            )}
          </Panel>
          <Panel title="What it set off">
            <SetOff alert={alert} project={project} {...(model ? { model } : {})} />
          </Panel>
        </div>
        <Panel title="What it costs" className="span-4">
          <Facts
            rows={[
              ['estimated, without labels', estimatedCost(alert.cost.estimated)],
              ['measured, once labels came', measuredCost(alert.cost.measured, alert.cost.metric)],
              ['noticed at', `${eventMinute(alert.eventTime)} event time`],
              ['opened', <Ago key="opened" at={alert.openedAt} />],
              alert.closedAt !== null && ['closed', <Ago key="closed" at={alert.closedAt} />],
              alert.closedBecause !== null && ['because', alert.closedBecause],
              [
                'champion then',
                model ? (
                  <Link key="champion" to={paths.version(project, model, alert.champion)}>
                    {model} v{alert.champion}
                  </Link>
                ) : (
                  `v${alert.champion}`
                ),
              ],
              ['id', <Id key="id" value={alert.id} />],
            ]}
          />
        </Panel>
        {model && (
          <Panel title="How well the loop kept in step">
            <InStep project={project} endpoint={alert.endpoint} model={model} height={240} alert={alert.id} />
          </Panel>
        )}
      </div>
      <SameAs api={`/api/alerts/${alert.id}`} />
    </SharedCursor>
  )
}

function estimatedCost(value: number | null) {
  if (value === null) return <span className="note">not known</span>
  return value > 0 ? (
    <>
      <b>{figure(value)}</b> more loss per row
    </>
  ) : (
    'nothing that chance does not explain'
  )
}

/** In words which way it went, since lower is better for some metrics. */
function measuredCost(value: number | null, metric: string) {
  if (value === null) return <span className="note">labels to come</span>
  return (
    <>
      {metricName(metric)} {value < 0 ? 'better' : 'worse'} by <b>{figure(Math.abs(value))}</b>
    </>
  )
}

function Moves({ moves }: { moves: readonly FeatureMove[] }) {
  const most = Math.max(...moves.map((move) => move.psi), 0.2)
  return (
    <div className="scroll">
      <table>
        <thead>
          <tr>
            <th>feature</th>
            <th>how</th>
            <th className="n">PSI</th>
            <th>
              <span className="visually-hidden">PSI as a bar, with what no drift would show</span>
            </th>
            <th className="n">noise</th>
            <th className="n">costs</th>
          </tr>
        </thead>
        <tbody>
          {[...moves]
            .sort((a, b) => b.psi - a.psi)
            .map((move) => (
              <tr key={move.feature}>
                <td className="mono">{move.feature}</td>
                <td>{move.change}</td>
                <td className="n">{figure(move.psi)}</td>
                <td className="psi-cell">
                  <div className="psi">
                    <i style={{ width: `${(move.psi / most) * 100}%` }} />
                    <b style={{ left: `${Math.min(1, move.noise / most) * 100}%` }} title="without any drift" />
                  </div>
                </td>
                <td className="n">{figure(move.noise)}</td>
                <td className="n">{move.cost === null ? '–' : signed(move.cost)}</td>
              </tr>
            ))}
        </tbody>
      </table>
      <p className="note">
        Cost: estimated rise of the loss per row through this move alone. The line is what samples of this size show
        without drift.
      </p>
    </div>
  )
}

function SetOff({ alert, project, model }: { alert: Alert; project: string; model?: string }) {
  const run = useQuery({
    ...ask('pipelines', 'getPipelineRun', { params: { run: alert.pipelineRun ?? '' } }),
    enabled: alert.pipelineRun !== null,
  })
  const versions = useQuery({
    ...ask('registry', 'listVersions', { params: { model: model ?? '' }, query: { limit: 200 } }),
    enabled: model !== undefined && alert.pipelineRun !== null,
  })
  const made = versions.data?.versions.find((version) => version.pipelineRun === alert.pipelineRun)
  return (
    <>
      <p>
        {alert.action ??
          'Nothing: the project’s triggers did not ask for it, or it is too soon after the last retraining.'}
      </p>
      {alert.pipelineRun && (
        <p className="set-off">
          <Link to={paths.run(project, alert.pipelineRun)}>run {run.data?.name ?? ''}</Link>
          {run.data && <State tone={RUN_TONES[run.data.state]}>{run.data.state}</State>}
          {made && (
            <>
              <span aria-hidden="true">→</span>
              <Link to={paths.version(project, made.model, made.version)}>
                {made.model} v{made.version}
              </Link>
              <span className="note">{made.state.replace('_', ' ')}</span>
            </>
          )}
        </p>
      )}
    </>
  )
}
