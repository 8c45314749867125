import type { Run } from '#tracking/contract'
import { metricDirection } from '../shell/metrics.ts'

/** Names of the parameters that tell these runs apart; of all parameters when asked, or when nothing differs. */
export function differingParams(runs: readonly Run[], all: boolean): string[] {
  const names = [...new Set(runs.flatMap((run) => Object.keys(run.params)))].sort()
  if (all || runs.length < 2) return names
  return names.filter((name) => new Set(runs.map((run) => run.params[name])).size > 1)
}

/** Every metric of these runs with its best value, whichever way it improves. */
export function metricsOf(runs: readonly Run[]): { name: string; best: number }[] {
  const names = [...new Set(runs.flatMap((run) => Object.keys(run.metrics)))].sort()
  return names.map((name) => {
    const values = runs.flatMap((run) => run.metrics[name] ?? [])
    // Every run diverged: none is the best.
    if (values.length === 0) return { name, best: Number.NaN }
    const direction = metricDirection(name)
    const best =
      direction === 'higher'
        ? Math.max(...values)
        : direction === 'lower'
          ? Math.min(...values)
          : values.reduce((a, b) => (Math.abs(b) < Math.abs(a) ? b : a))
    return { name, best }
  })
}
