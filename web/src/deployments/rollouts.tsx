import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import type { Endpoint, Rollout } from '#deployments/contract'
import { Failure } from '../shell/failure.tsx'
import { percent } from '../shell/numbers.ts'
import { Ago, Empty, Mark, More, newerBy, Skeleton, State, Steady } from '../shell/parts.tsx'
import { paths } from '../shell/paths.ts'
import { pagesOf } from '../shell/server.ts'
import { eventMinute } from '../shell/times.ts'
import { ROLLOUT_TONES } from './states.ts'
import { Track } from './track.tsx'

/** Each way of a version into production, step by step, with the evidence that each decision stood on. */
export function Rollouts({ endpoint }: { endpoint: Endpoint }) {
  const query = useInfiniteQuery(
    pagesOf('deployments', 'listRollouts', { params: { endpoint: endpoint.name }, query: { limit: 10 } }),
  )
  if (query.isError && !query.data) return <Failure error={query.error} again={() => query.refetch()} />
  if (!query.data) return <Skeleton lines={8} />
  const rollouts = query.data.pages.flatMap((page) => page.rollouts)
  if (rollouts.length === 0) {
    return (
      <Empty title="No roll-out yet" command="orrery run">
        Every version's way through staging, certification and canary steps stands here with its evidence.
      </Empty>
    )
  }
  return (
    <>
      <Steady value={rollouts} newerText={newerBy((rollout) => rollout.id, 'roll-out')}>
        {(shown) => (
          <ol className="rollouts">
            {shown.map((rollout, i) => (
              <OneRollout key={rollout.id} rollout={rollout} open={i === 0 || rollout.finishedAt === null} />
            ))}
          </ol>
        )}
      </Steady>
      <More query={query} />
    </>
  )
}

function OneRollout({ rollout, open }: { rollout: Rollout; open: boolean }) {
  return (
    <li id={rollout.id} data-row>
      <div className="rollout-head">
        <h3>
          <Link to={paths.version(rollout.project, rollout.model, rollout.version)}>v{rollout.version}</Link>
          {rollout.from !== null && <span className="note"> to replace v{rollout.from}</span>}
        </h3>
        <State tone={ROLLOUT_TONES[rollout.state]}>{rollout.state.replaceAll('_', ' ')}</State>
        <span className="note">
          <Ago at={rollout.finishedAt ?? rollout.createdAt} />
        </span>
        {rollout.project !== null && (
          <Link className="rollout-link" to={paths.rollout(rollout.project, rollout.endpoint, rollout.id)}>
            steps and evidence
          </Link>
        )}
      </div>
      {open && <Track rollout={rollout} />}
      <details open={open}>
        <summary className="note">
          {rollout.history.length} {rollout.history.length === 1 ? 'step' : 'steps'}
        </summary>
        <ol className="timeline">
          {rollout.history.map((entry) => (
            <li key={`${entry.at} ${entry.state} ${entry.share}`}>
              <Mark tone={ROLLOUT_TONES[entry.state]} />
              <span>
                <b>
                  {entry.state.replaceAll('_', ' ')}
                  {entry.share > 0 && entry.share < 1 ? ` ${percent(entry.share)}` : ''}
                </b>{' '}
                {entry.note}
              </span>
              <span className="note">
                {entry.eventTime === null ? <Ago at={entry.at} /> : eventMinute(entry.eventTime)}
              </span>
            </li>
          ))}
        </ol>
      </details>
    </li>
  )
}
