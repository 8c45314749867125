import { useQueries } from '@tanstack/react-query'
import { StepLine } from '../charts/step-line.tsx'
import { metricDirection, metricName } from '../shell/metrics.ts'
import { ask } from '../shell/server.ts'

/** Metrics worth a curve at once; a run that logs hundreds is better compared elsewhere. */
const MOST = 24

/** The curves of metrics that were logged at more than one step, as an epoch of training does. */
export function Histories({ run, metrics }: { run: string; metrics: readonly string[] }) {
  const shown = metrics.slice(0, MOST)
  const histories = useQueries({
    queries: shown.map((metric) => ask('tracking', 'metricHistory', { params: { run, metric } })),
  })
  return shown.map((metric, i) => {
    const points = histories[i]?.data?.points ?? []
    if (points.length < 2) return null
    return (
      <StepLine
        key={metric}
        name={metricName(metric)}
        points={points}
        best={metricDirection(metric) === 'higher' ? 'higher' : 'lower'}
      />
    )
  })
}
