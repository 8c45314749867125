import type { Rollout } from '#deployments/contract'
import { percent } from '../shell/numbers.ts'
import { heldWords, isLive } from './words.ts'

/** The way into production as a track: what is behind, where it stands, what is to come; as high as its share. */
export function Track({ rollout }: { rollout: Rollout }) {
  const { steps, step, state } = rollout
  const before = ['staging', 'awaiting certification'].map((name, i) => ({ name, share: 0, held: '', at: i - 2 }))
  const own = steps.map((one, i) => ({ name: one.kind as string, share: one.share, held: heldWords(one), at: i }))
  const all = [...before, ...own, { name: 'promoted', share: 1, held: '', at: steps.length }]
  const now = state === 'staging' ? -2 : state === 'awaiting_certification' ? -1 : isLive(state) ? step : steps.length
  const ended = !isLive(state) && !['staging', 'awaiting_certification', 'promoted'].includes(state)
  const reached = ended ? lastReached(rollout) : now
  return (
    <ol className="track" aria-label="Steps of the roll-out">
      {all.map(({ name, share, held, at }) => {
        const look = state === 'promoted' || at < reached ? 'done' : at > reached ? 'next' : ended ? 'ended' : 'current'
        return (
          <li key={`${at} ${name}`} className={look} aria-current={look === 'current' ? 'step' : undefined}>
            <span className="track-bar" aria-hidden="true">
              <i style={{ height: `${Math.max(4, share * 100)}%` }} />
            </span>
            <b>{name}</b>
            <span className="note">
              {share > 0 ? percent(share) : at >= 0 ? 'answers nothing' : ''}
              {look === 'ended' && ` · ${state.replaceAll('_', ' ')}`}
            </span>
            {held && <span className="note">{held}</span>}
          </li>
        )
      })}
    </ol>
  )
}

/** Where it was when it ended. */
function lastReached({ history, steps, step }: Rollout): number {
  const before = history.filter(
    ({ state }) => isLive(state) || state === 'staging' || state === 'awaiting_certification',
  )
  const last = before.at(-1)?.state
  return last === undefined || last === 'staging'
    ? -2
    : last === 'awaiting_certification'
      ? -1
      : Math.min(step, steps.length - 1)
}
