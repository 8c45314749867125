import type { Storage } from '#platform/storage'
import type { ExperimentLine, MetricPoint, RunLine } from './contract.ts'
import { ExperimentUnknown } from './errors.ts'
import { chartPoints } from './store/chart-points.ts'
import { type ExperimentLineFilter, experimentLines } from './store/experiment-lines.ts'
import { withLines } from './store/run-lines.ts'
import type { RunFilter } from './store/search.ts'
import type { Runs } from './runs.ts'

/** What lists and charts show: the same experiments and runs, with what is only worth asking for a page of them. */
export interface Lines {
  /** The one with the newest run first. */
  experimentLines(filter: ExperimentLineFilter): Promise<ExperimentLine[]>
  /** In the bin or not. @throws ExperimentUnknown */
  experimentLine(id: string): Promise<ExperimentLine>
  runLines(filter: RunFilter): Promise<RunLine[]>
  /** In the bin or not. @throws RunUnknown */
  runLine(id: string): Promise<RunLine>
  /** By step; none of a run that is not there. @param from the first step wanted */
  chartPoints(run: string, metric: string, from?: number): Promise<MetricPoint[]>
}

export function openLines({ storage, runs }: { storage: Storage; runs: Pick<Runs, 'run' | 'runs'> }): Lines {
  return {
    experimentLines: (filter) => experimentLines(storage, filter),
    experimentLine: async (id) => {
      const [line] = await experimentLines(storage, { id, bin: 'with', limit: 1, offset: 0 })
      if (!line) throw new ExperimentUnknown(id)
      return line
    },
    runLines: async (filter) => withLines(storage, await runs.runs(filter)),
    runLine: async (id) => (await withLines(storage, [await runs.run(id)]))[0]!,
    chartPoints: (run, metric, from) => chartPoints(storage, run, metric, from),
  }
}
