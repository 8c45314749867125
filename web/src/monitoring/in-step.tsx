import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import type { Rollout } from '#deployments/contract'
import type { Alert, MonitorPoint } from '#monitoring/contract'
import type { EventMark, Reign } from '../charts/series.ts'
import { TimeChart } from '../charts/time-chart.tsx'
import { useZoom } from '../charts/zoom.ts'
import { Asked } from '../shell/asked.tsx'
import { directionNote, metricDirection, metricName } from '../shell/metrics.ts'
import { count, figure, signed } from '../shell/numbers.ts'
import { Empty, Skeleton, Steady } from '../shell/parts.tsx'
import { paths } from '../shell/paths.ts'
import { ask } from '../shell/server.ts'
import { span } from '../shell/times.ts'

/** Points asked for at once: about one for every two pixels of a wide screen. */
export const POINTS = 500
const HEIGHT = 320

interface Props {
  project: string
  endpoint: string
  model: string
  windowMs?: number | null
  height?: number
  /** The alert the page is about, drawn stronger than the others. */
  alert?: string
}

/**
 * The signature: how well the champion kept in step with the world, beside the first version left alone. The same chart
 * stands on the loop, the model and the endpoint.
 */
export function InStep(props: Props) {
  const { project, endpoint, height = HEIGHT } = props
  const zoom = useZoom()
  const [from, to] = zoom.range ?? []
  const series = useQuery({
    ...ask('monitoring', 'monitorSeries', { params: { endpoint }, query: { points: POINTS, from, to } }),
    placeholderData: keepPreviousData,
  })
  const alerts = useQuery(ask('monitoring', 'listAlerts', { query: { endpoint, limit: 200 } }))
  const rollouts = useQuery(ask('deployments', 'listRollouts', { params: { endpoint }, query: { limit: 200 } }))
  return (
    <Asked query={series} skeleton={<Skeleton height={height + 50} />}>
      {({ points }) =>
        points.length < 2 && !zoom.range ? (
          <Empty title="Quality over time will stand here" command={`orrery status ${project}`}>
            Once predictions are served and their labels come in, this shows how the champion does beside the first
            version left alone, with every alert and promotion.
          </Empty>
        ) : (
          <Steady value={points} question={`${from} ${to}`}>
            {(shown) => (
              <Drawn
                {...props}
                height={height}
                points={shown}
                alerts={alerts.data?.alerts ?? []}
                rollouts={rollouts.data?.rollouts ?? []}
              />
            )}
          </Steady>
        )
      }
    </Asked>
  )
}

function Drawn({
  project,
  endpoint,
  model,
  windowMs,
  height,
  alert,
  points,
  alerts,
  rollouts,
}: Props & { height: number; points: MonitorPoint[]; alerts: Alert[]; rollouts: Rollout[] }) {
  const zoom = useZoom()
  const metric = points[0]?.metric ?? ''
  const drawn = useMemo(() => {
    const window = points.map((point) => point.window)
    return {
      times: points.map((point) => point.through),
      series: [
        {
          name: 'this loop',
          look: 'loop' as const,
          values: window.map((w) => w?.value ?? null),
          band: { lower: window.map((w) => w?.lower95 ?? null), upper: window.map((w) => w?.upper95 ?? null) },
        },
        { name: 'left alone', look: 'reference' as const, values: window.map((w) => w?.reference ?? null) },
      ],
    }
  }, [points])
  const reigns = useMemo(() => reignsOf(points, rollouts, project, model), [points, rollouts, project, model])
  const marks = useMemo(
    () => [...alertMarks(alerts, project, alert), ...rollbackMarks(rollouts, project)],
    [alerts, rollouts, project, alert],
  )

  return (
    <TimeChart
      title={`${metricName(metric)} over time, ${endpoint}`}
      name={`${endpoint}-${metric}`}
      times={drawn.times}
      series={drawn.series}
      reigns={reigns}
      marks={marks}
      format={figure}
      zoom={zoom}
      height={height}
      readout={(i) => {
        const point = points[i]!
        return [
          ['estimated without labels', figure(point.estimated)],
          ['champion', `v${point.champion}`],
          ['labels in the window', count(point.window?.n ?? 0)],
          ['predictions in this period', count(point.predictions)],
        ]
      }}
      note={
        <>
          <Gain points={points} metric={metric} />
          {windowMs ? ` Each point is the last ${span(windowMs)}.` : ''}
        </>
      }
    />
  )
}

/** One sentence: what the loop was worth in the stretch that is in view. */
function Gain({ points, metric }: { points: MonitorPoint[]; metric: string }) {
  const both = points.flatMap(({ window }) =>
    window && window.reference !== null ? [window as { value: number; reference: number }] : [],
  )
  const way = directionNote(metric)
  const name = `${metricName(metric)}${way ? ` (${way})` : ''}`
  if (both.length === 0) return <>{name}.</>
  const mean = (of: (w: { value: number; reference: number }) => number) =>
    both.reduce((sum, w) => sum + of(w), 0) / both.length
  const loop = mean((w) => w.value)
  const alone = mean((w) => w.reference)
  const better = metricDirection(metric) === 'lower' ? loop < alone : loop > alone
  return (
    <>
      {name}, mean in view: this loop <b className="figure">{figure(loop)}</b>, left alone {figure(alone)}, difference{' '}
      <b className={better ? 'figure good' : 'figure'}>{signed(loop - alone)}</b>.
    </>
  )
}

/** Who was champion from when to when, with the reason it was promoted. */
function reignsOf(points: MonitorPoint[], rollouts: Rollout[], project: string, model: string): Reign[] {
  const reigns: { from: number; to: number; version: number }[] = []
  for (const point of points) {
    const last = reigns.at(-1)
    if (last) last.to = point.through
    if (last?.version !== point.champion)
      reigns.push({ from: point.through, to: point.through, version: point.champion })
  }
  return reigns.map(({ from, to, version }) => {
    const promoted = rollouts.find((one) => one.version === version && one.state === 'promoted')
    const because = promoted?.history.findLast((entry) => entry.state === 'promoted')?.note
    return {
      from,
      to,
      label: `v${version}`,
      href: paths.version(project, model, version),
      ...(because ? { because } : {}),
    }
  })
}

/** The features that moved name an alert best where there is room for two words; its whole title is told on hovering. */
export function alertMarks(alerts: Alert[], project: string, strong?: string): EventMark[] {
  return alerts.map((alert) => {
    const moved = alert.features.slice(0, 2).map((move) => move.feature)
    return {
      at: alert.eventTime,
      kind: 'alert',
      label: moved.length > 0 ? moved.join(', ') : alert.kinds.join(', '),
      title: alert.title,
      href: paths.alert(project, alert.id),
      strong: alert.id === strong,
    }
  })
}

function rollbackMarks(rollouts: Rollout[], project: string): EventMark[] {
  return rollouts.flatMap((rollout): EventMark[] => {
    const entry = rollout.history.findLast((each) => each.state === 'rolled_back')
    if (!entry?.eventTime) return []
    return [
      {
        at: entry.eventTime,
        kind: 'rollback',
        label: `v${rollout.version}`,
        title: entry.note,
        href: paths.version(project, rollout.model, rollout.version),
      },
    ]
  })
}
