import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { Link, useSearchParams } from 'react-router'
import type { Run } from '#tracking/contract'
import { Failure } from '../shell/failure.tsx'
import { metricDirection, metricName } from '../shell/metrics.ts'
import { figure } from '../shell/numbers.ts'
import { Empty, Mark, More, Skeleton, Steady } from '../shell/parts.tsx'
import { paths } from '../shell/paths.ts'
import { pagesOf } from '../shell/server.ts'
import { differingParams, metricsOf } from './compare.ts'
import { Took } from './runs.tsx'
import { RUN_TONES } from './states.ts'

const PAGE = 100

/** The runs nested in one run, side by side: only the parameters that differ, every metric, the best marked. */
export function Trials({ parent, project }: { parent: string; project: string }) {
  const [search, setSearch] = useSearchParams()
  const orderBy = search.get('sort') ?? 'startedAt'
  const direction = search.get('direction') === 'asc' ? 'asc' : 'desc'
  const all = search.get('params') === 'all'
  const query = useInfiniteQuery({
    ...pagesOf('tracking', 'listRuns', { query: { parent, orderBy, direction, limit: PAGE } }),
    placeholderData: keepPreviousData,
  })
  const runs = useMemo(() => query.data?.pages.flatMap((page) => page.runs) ?? [], [query.data])

  if (query.isError && !query.data) return <Failure error={query.error} again={() => query.refetch()} />
  if (!query.data) return <Skeleton lines={6} />
  if (runs.length === 0) return <Empty title="No trial yet">Each candidate shows here as soon as it is fitted.</Empty>

  const set = (name: string, value: string | null) =>
    setSearch(
      (before) => {
        const after = new URLSearchParams(before)
        if (value === null) after.delete(name)
        else after.set(name, value)
        return after
      },
      { replace: true, preventScrollReset: true },
    )
  const sortBy = (column: string) => {
    const best = column.startsWith('metric:') && metricDirection(column.slice(7)) === 'lower' ? 'asc' : 'desc'
    set('direction', orderBy === column ? (direction === 'asc' ? 'desc' : 'asc') : best)
    set('sort', column)
  }
  return (
    <>
      <label className="check note">
        <input type="checkbox" checked={all} onChange={(event) => set('params', event.target.checked ? 'all' : null)} />
        all parameters, also the equal ones
      </label>
      <Steady value={runs} question={`${orderBy} ${direction} ${all} ${query.data.pages.length}`}>
        {(shown) => <Table runs={shown} all={all} project={project} sort={{ orderBy, direction, sortBy }} />}
      </Steady>
      <More query={query} />
    </>
  )
}

function Table({
  runs,
  all,
  project,
  sort,
}: {
  runs: readonly Run[]
  all: boolean
  project: string
  sort: { orderBy: string; direction: 'asc' | 'desc'; sortBy: (column: string) => void }
}) {
  const params = useMemo(() => differingParams(runs, all), [runs, all])
  const metrics = useMemo(() => metricsOf(runs), [runs])
  const head = (column: string, text: string, numeric = false) => (
    <th
      key={column}
      className={numeric ? 'n' : ''}
      aria-sort={sort.orderBy === column ? (sort.direction === 'asc' ? 'ascending' : 'descending') : 'none'}
    >
      <button type="button" className="sort" onClick={() => sort.sortBy(column)}>
        {text}
      </button>
    </th>
  )
  return (
    <div className="scroll">
      <table>
        <thead>
          <tr>
            <th>trial</th>
            {params.map((param) => head(`param:${param}`, param))}
            {metrics.map(({ name }) => head(`metric:${name}`, metricName(name), true))}
            {head('startedAt', 'took', true)}
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <tr key={run.id} data-row>
              <td className="nowrap">
                <span className="state">
                  <Mark tone={RUN_TONES[run.state]} />
                  <Link to={paths.trial(project, run.id)}>{run.name}</Link>
                </span>
              </td>
              {params.map((param) => (
                <td key={param} className="mono nowrap">
                  {run.params[param] ?? '–'}
                </td>
              ))}
              {metrics.map(({ name, best }) => {
                const value = run.metrics[name]
                const isBest = value !== undefined && value === best && runs.length > 1
                return (
                  <td key={name} className={isBest ? 'n best' : 'n'}>
                    {figure(value)}
                    {isBest && <span className="best-word"> best</span>}
                  </td>
                )
              })}
              <td className="n">
                <Took from={run.startedAt} to={run.endedAt} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
