import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'react-router'
import type { ServicePeriod } from '#registry/contract'
import { InlineFailure } from '../shell/failure.tsx'
import { useNow } from '../shell/now.ts'
import { Ago, Badge, Empty, More, Panel, Skeleton } from '../shell/parts.tsx'
import { paths } from '../shell/paths.ts'
import { pagesOf } from '../shell/server.ts'

/** Which version was in production when; and which it was on a day somebody asks about. */
export function HistoryPanel({ model, project }: { model: string; project: string }) {
  const [day, setDay] = useState('')
  const history = useInfiniteQuery(
    pagesOf('registry', 'productionHistory', { params: { model }, query: { limit: 50, ...(day && { at: day }) } }),
  )
  const periods = history.data?.pages.flatMap((page) => page.periods)
  return (
    <Panel
      title="In production"
      note="which version served when"
      aside={
        <label className="on-day">
          on
          <input type="date" value={day} onChange={(event) => setDay(event.target.value)} />
        </label>
      }
    >
      {history.isError ? (
        <InlineFailure error={history.error} />
      ) : !periods ? (
        <Skeleton lines={3} />
      ) : periods.length === 0 ? (
        <Empty title={day ? `Nothing was in production on ${day}` : 'Nothing has been in production yet'} />
      ) : (
        <>
          {!day && <Timeline periods={oneWay(periods)} />}
          <div className="scroll">
            <table>
              <thead>
                <tr>
                  <th>version</th>
                  <th>from</th>
                  <th>until</th>
                  <th>because</th>
                </tr>
              </thead>
              <tbody>
                {periods.map((period) => (
                  <tr key={`${period.as} ${period.version} ${period.since}`} data-row>
                    <td className="nowrap">
                      <Link to={paths.version(project, model, period.version)}>v{period.version}</Link>{' '}
                      {period.as === 'production' && <Badge title="by MLflow’s stage">stage</Badge>}
                    </td>
                    <td className="nowrap">
                      <Ago at={period.since} />
                    </td>
                    <td className="nowrap">{period.until === null ? 'now' : <Ago at={period.until} />}</td>
                    <td className="because clip">
                      {period.why} <span className="note">{period.by}</span>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
      <More query={history} />
    </Panel>
  )
}

/** A strip holds one version at a time: what the alias says where there is one, what the stage says otherwise. */
function oneWay(periods: readonly ServicePeriod[]): readonly ServicePeriod[] {
  const champions = periods.filter((period) => period.as === 'champion')
  return champions.length > 0 ? champions : periods
}

/** The periods as a strip, the oldest on the left; shades alternate so that neighbours can be told apart. */
function Timeline({ periods }: { periods: readonly ServicePeriod[] }) {
  const now = useNow()
  const oldest = Math.min(...periods.map((period) => period.since))
  const total = Math.max(1, now - oldest)
  const share = (from: number, to: number) => `${(Math.max(0, to - from) / total) * 100}%`
  return (
    <div className="service-strip" aria-hidden="true">
      {[...periods].reverse().map((period, i) => (
        <i
          key={`${period.as} ${period.version} ${period.since}`}
          className={i % 2 === 0 ? 'even' : 'odd'}
          style={{ left: share(oldest, period.since), width: share(period.since, period.until ?? now) }}
          title={`v${period.version}`}
        >
          v{period.version}
        </i>
      ))}
    </div>
  )
}
