import { useState } from 'react'
import { useSearchParams } from 'react-router'
import { type Line, LinesChart } from '../charts/lines-chart.tsx'
import { metricName } from '../shell/metrics.ts'
import { count } from '../shell/numbers.ts'
import { span } from '../shell/times.ts'
import { type Over, pointsOver } from './histories.ts'
import { historyKey, useHistories } from './live-histories.ts'

/** Charts at once; a run may log hundreds of metrics. */
const MOST_AT_FIRST = 12

export interface CurveSettings {
  readonly over: Over
  readonly log: boolean
  readonly smoothing: number
}

/** How curves are drawn, in the address. */
export function useCurveSettings(): [CurveSettings, (name: 'over' | 'log' | 'smooth', value: string | null) => void] {
  const [search, setSearch] = useSearchParams()
  const smoothing = Number(search.get('smooth') ?? 0)
  const settings: CurveSettings = {
    over: search.get('over') === 'time' ? 'time' : 'step',
    log: search.has('log'),
    smoothing: smoothing > 0 && smoothing < 1 ? smoothing : 0,
  }
  const set = (name: string, value: string | null) =>
    setSearch(
      (before) => {
        const after = new URLSearchParams(before)
        if (value === null) after.delete(name)
        else after.set(name, value)
        return after
      },
      { replace: true, preventScrollReset: true, flushSync: true },
    )
  return [settings, set]
}

export function CurveControls({
  settings,
  set,
}: {
  settings: CurveSettings
  set: (name: 'over' | 'log' | 'smooth', value: string | null) => void
}) {
  return (
    <div className="toolbar curve-controls">
      <div className="choice">
        {(['step', 'time'] as const).map((over) => (
          <button
            key={over}
            type="button"
            aria-pressed={settings.over === over}
            onClick={() => set('over', over === 'step' ? null : over)}
          >
            over {over}
          </button>
        ))}
      </div>
      <label className="check note">
        <input
          type="checkbox"
          checked={settings.log}
          onChange={(event) => set('log', event.target.checked ? '1' : null)}
        />
        log scale
      </label>
      <label className="check note">
        smoothing
        <input
          type="range"
          min={0}
          max={0.99}
          step={0.01}
          value={settings.smoothing}
          onChange={(event) => set('smooth', event.target.value === '0' ? null : event.target.value)}
        />
        <span className="mono">{settings.smoothing.toFixed(2)}</span>
      </label>
    </div>
  )
}

export interface CurveRun {
  readonly id: string
  readonly name: string
  readonly look: number
}

/** One chart for each metric that was logged at more than one step, with a line for each run. */
export function Curves({
  runs,
  metrics,
  live,
  every,
  settings,
  height = 190,
}: {
  runs: readonly CurveRun[]
  metrics: readonly string[]
  live: boolean
  every?: number
  settings: CurveSettings
  height?: number
}) {
  const [all, setAll] = useState(false)
  const asked = all ? metrics : metrics.slice(0, MOST_AT_FIRST)
  const series = asked.flatMap((metric) => runs.map((run) => ({ run: run.id, metric })))
  const histories = useHistories(series, live, every)
  const charts = asked.flatMap((metric) => {
    const lines = runs.flatMap((run): Line[] => {
      const points = histories.get(historyKey({ run: run.id, metric })) ?? []
      return points.length === 0 ? [] : [{ ...run, points: pointsOver(points, settings.over) }]
    })
    return lines.some((line) => line.points.length > 1) ? [{ metric, lines }] : []
  })
  return (
    <>
      {charts.length > 0 && (
        <div className="curves">
          {charts.map(({ metric, lines }) => (
            <LinesChart
              key={metric}
              title={metricName(metric.replace(/^system\//, ''))}
              lines={lines}
              height={height}
              log={settings.log}
              smoothing={settings.smoothing}
              xName={settings.over === 'step' ? 'step' : 'after'}
              xFormat={settings.over === 'step' ? count : span}
            />
          ))}
        </div>
      )}
      {metrics.length > asked.length && (
        <button type="button" className="button more" onClick={() => setAll(true)}>
          Show all {count(metrics.length)} metrics
        </button>
      )}
    </>
  )
}
