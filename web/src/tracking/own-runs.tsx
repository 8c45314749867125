import { useInfiniteQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { Link } from 'react-router'
import type { Run } from '#tracking/contract'
import { Failure } from '../shell/failure.tsx'
import { metricName } from '../shell/metrics.ts'
import { figure } from '../shell/numbers.ts'
import { Ago, Command, Empty, Mark, More, newerBy, Skeleton, Steady } from '../shell/parts.tsx'
import { paths } from '../shell/paths.ts'
import { pagesOf } from '../shell/server.ts'
import { RUN_TONES } from './states.ts'

const PAGE = 100
const METRICS_SHOWN = 4

/** Points the `mlflow` client of a user's own training code here. */
export function TrackHint() {
  return <Command text={`export MLFLOW_TRACKING_URI=${location.origin}`} />
}

/** Top-level runs that no pipeline made: those of people's own code, whatever experiment they belong to. */
export function OwnRuns({ project }: { project: string }) {
  const query = useInfiniteQuery(pagesOf('tracking', 'listRuns', { query: { parent: 'none', limit: PAGE } }))
  const runs = useMemo(
    () => query.data?.pages.flatMap((page) => page.runs).filter((run) => run.project === null) ?? [],
    [query.data],
  )
  if (query.isError && !query.data) return <Failure error={query.error} again={() => query.refetch()} />
  if (!query.data) return <Skeleton lines={4} />
  return (
    <>
      {runs.length === 0 ? (
        <>
          <Empty title="Runs of your own training code stand here too">
            The mlflow client needs no change, only this address:
          </Empty>
          <TrackHint />
        </>
      ) : (
        <Steady value={runs} question={String(query.data.pages.length)} newerText={newerBy((run) => run.id, 'run')}>
          {(shown) => <Table runs={shown} project={project} />}
        </Steady>
      )}
      <More query={query} />
    </>
  )
}

function Table({ runs, project }: { runs: readonly Run[]; project: string }) {
  return (
    <div className="scroll">
      <table>
        <thead>
          <tr>
            <th>run</th>
            <th>experiment</th>
            <th>metrics</th>
            <th>started</th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <tr key={run.id} data-row>
              <td className="nowrap">
                <span className="state">
                  <Mark tone={RUN_TONES[run.state]} />
                  <Link to={paths.trial(project, run.id)}>{run.name}</Link>
                  <span className="visually-hidden">{run.state}</span>
                </span>
              </td>
              <td>{run.experiment}</td>
              <td className="mono">
                {Object.entries(run.metrics)
                  .slice(0, METRICS_SHOWN)
                  .map(([name, value]) => `${metricName(name)} ${figure(value)}`)
                  .join(' · ')}
              </td>
              <td className="nowrap">
                <Ago at={run.startedAt} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
