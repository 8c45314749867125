import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { Link, useParams } from 'react-router'
import type { Endpoint } from '#deployments/contract'
import type { Alert, MonitorPoint } from '#monitoring/contract'
import { SharedCursor } from '../charts/cursor.tsx'
import { HeatStrip, type Strip } from '../charts/heat-strip.tsx'
import { TimeChart } from '../charts/time-chart.tsx'
import { useZoom } from '../charts/zoom.ts'
import { OfEndpoints } from '../deployments/endpoints.tsx'
import { Asked } from '../shell/asked.tsx'
import { Failure } from '../shell/failure.tsx'
import { metricName } from '../shell/metrics.ts'
import { count, figure, signed } from '../shell/numbers.ts'
import { Empty, More, newerBy, PageHead, Panel, SameAs, Skeleton, State, Steady } from '../shell/parts.tsx'
import { paths } from '../shell/paths.ts'
import { ask, pagesOf } from '../shell/server.ts'
import { eventMinute } from '../shell/times.ts'
import { useTitle } from '../shell/title.ts'
import { alertMarks, InStep, POINTS } from './in-step.tsx'
import './monitoring.css'
import { Weights } from './weights.tsx'

export function MonitorsPage() {
  return <OfEndpoints title="Monitors" to={paths.monitor} />
}

export function MonitorPage() {
  const { project = '', endpoint = '' } = useParams()
  useTitle(`${endpoint} monitors`, project)
  const found = useQuery(ask('deployments', 'getEndpoint', { params: { endpoint } }))
  return (
    <Asked query={found} skeleton={<Skeleton height={300} />}>
      {(one) => <Monitors endpoint={one} project={project} />}
    </Asked>
  )
}

function Monitors({ endpoint, project }: { endpoint: Endpoint; project: string }) {
  const zoom = useZoom()
  const [from, to] = zoom.range ?? []
  const series = useQuery({
    ...ask('monitoring', 'monitorSeries', { params: { endpoint: endpoint.name }, query: { points: POINTS, from, to } }),
    placeholderData: keepPreviousData,
  })
  const alerts = useInfiniteQuery(
    pagesOf('monitoring', 'listAlerts', { query: { endpoint: endpoint.name, limit: 50 } }),
  )
  const told = useMemo(() => alerts.data?.pages.flatMap((page) => page.alerts) ?? [], [alerts.data])
  return (
    <SharedCursor>
      <PageHead crumbs={[{ to: paths.monitors(project), text: 'Monitors' }]} title={endpoint.name}>
        what the world does to <Link to={paths.model(project, endpoint.model)}>{endpoint.model}</Link> on{' '}
        <Link to={paths.endpoint(project, endpoint.name)}>{endpoint.name}</Link>, in event time
      </PageHead>
      <div className="grid">
        <Panel title="Quality">
          <InStep project={project} endpoint={endpoint.name} model={endpoint.model} height={260} />
        </Panel>
        <Asked query={series} skeleton={<Skeleton height={500} />}>
          {({ points }) => (
            <Steady value={points} question={`${from} ${to}`}>
              {(shown) => <Series points={shown} endpoint={endpoint} project={project} alerts={told} />}
            </Steady>
          )}
        </Asked>
        <Panel title="Alerts" note="one for each cause">
          {alerts.isError && !alerts.data ? (
            <Failure error={alerts.error} again={() => alerts.refetch()} />
          ) : alerts.data ? (
            <Steady value={told} newerText={newerBy((alert) => alert.id, 'alert')}>
              {(shown) => <Alerts alerts={shown} project={project} />}
            </Steady>
          ) : (
            <Skeleton lines={5} />
          )}
          <More query={alerts} />
        </Panel>
      </div>
      <SameAs api={`/api/endpoints/${endpoint.name}/monitor?points=${POINTS}`} />
    </SharedCursor>
  )
}

function Series({
  points,
  endpoint,
  project,
  alerts,
}: {
  points: MonitorPoint[]
  endpoint: Endpoint
  project: string
  alerts: Alert[]
}) {
  const zoom = useZoom()
  const times = useMemo(() => points.map((point) => point.through), [points])
  const marks = useMemo(() => alertMarks(alerts, project), [alerts, project])
  const loss = useMemo(
    () => [
      { name: 'realised', look: 'loop' as const, values: points.map((point) => point.loss?.realised ?? null) },
      { name: 'promised', look: 'reference' as const, values: points.map((point) => point.loss?.promised ?? null) },
    ],
    [points],
  )
  const decay = useMemo(
    () => [
      { name: 'statistic', look: 'plain' as const, values: points.map((point) => point.decay?.statistic ?? null) },
    ],
    [points],
  )
  const threshold = points.findLast((point) => point.decay)?.decay?.threshold
  const limits = useMemo(() => (threshold === undefined ? [] : [{ value: threshold, label: 'threshold' }]), [threshold])
  const strips = useMemo(() => stripsOf(points), [points])
  if (points.length < 2) return null
  return (
    <div className="grid">
      <Panel
        title="Loss, realised against promised"
        note="per row; the promise is what the champion showed on held-back rows"
        className="span-6"
      >
        <TimeChart
          title={`Loss per row, ${endpoint.name}`}
          name={`${endpoint.name}-loss`}
          times={times}
          series={loss}
          marks={[]}
          format={figure}
          zoom={zoom}
          height={210}
        />
      </Panel>
      <Panel
        title="Decay"
        note="Page’s CUSUM of realised over promised loss; an alert where it passes the threshold"
        className="span-6"
      >
        <TimeChart
          title={`Decay statistic, ${endpoint.name}`}
          name={`${endpoint.name}-decay`}
          times={times}
          series={decay}
          limits={limits}
          format={figure}
          zoom={zoom}
          height={210}
          includeZero
        />
      </Panel>
      <Panel title="Drift of each feature" note="against the champion’s training data">
        {strips.length === 0 ? (
          <Empty title="No drift measured yet">It is, at the end of each period with enough predictions.</Empty>
        ) : (
          <HeatStrip
            times={times}
            strips={strips}
            marks={marks}
            zoom={zoom}
            what="population stability index (PSI); from 0.2 on hatched"
          />
        )}
      </Panel>
      <Panel title="Who answered">
        <Weights project={project} endpoint={endpoint.name} model={endpoint.model} />
      </Panel>
    </div>
  )
}

/** Features that moved most first. */
function stripsOf(points: MonitorPoint[]): Strip[] {
  const names = [...new Set(points.flatMap((point) => point.drift?.features.map((move) => move.feature) ?? []))]
  const strips = names.map((name) => {
    const moves = points.map((point) => point.drift?.features.find((move) => move.feature === name) ?? null)
    return {
      name,
      values: moves.map((move) => move?.psi ?? null),
      told: (index: number) => {
        const move = moves[index]
        if (!move) return 'not measured'
        const cost = move.cost === null ? '' : `, costs ${figure(move.cost)} loss per row`
        return `PSI ${figure(move.psi)} (noise ${figure(move.noise)}): ${move.change}${cost}`
      },
      most: Math.max(...moves.map((move) => move?.psi ?? 0)),
    }
  })
  return strips.sort((a, b) => b.most - a.most)
}

function Alerts({ alerts, project }: { alerts: Alert[]; project: string }) {
  if (alerts.length === 0) {
    return (
      <Empty title="No alert">
        When the world moves and it costs something, one alert names the cause and stands here.
      </Empty>
    )
  }
  return (
    <div className="scroll">
      <table>
        <thead>
          <tr>
            <th>alert</th>
            <th>state</th>
            <th>event time</th>
            <th>kind</th>
            <th className="n">estimated loss per row</th>
            <th className="n">{metricName(alerts[0]!.cost.metric)} lost</th>
            <th>set off</th>
          </tr>
        </thead>
        <tbody>
          {alerts.map((alert) => (
            <tr key={alert.id} data-row>
              <td className="wrap">
                <Link to={paths.alert(project, alert.id)}>{alert.title}</Link>
              </td>
              <td>
                <State tone={alert.closedAt === null ? 'warn' : 'ok'}>
                  {alert.closedAt === null ? 'open' : 'closed'}
                </State>
              </td>
              <td className="nowrap">{eventMinute(alert.eventTime)}</td>
              <td className="nowrap">{alert.kinds.join(', ')}</td>
              <td className="n">{figure(alert.cost.estimated)}</td>
              <td className="n">{signed(alert.cost.measured)}</td>
              <td>
                {alert.pipelineRun ? (
                  <Link to={paths.run(project, alert.pipelineRun)}>run</Link>
                ) : (
                  <span className="note">nothing</span>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="note">{count(alerts.length)} shown</p>
    </div>
  )
}
