import type { Rollout } from '#deployments/contract'
import { linear, timeTicks } from '../charts/scale.ts'
import { useWidth } from '../charts/size.ts'
import { percent } from '../shell/numbers.ts'
import { eventMinute, exactly } from '../shell/times.ts'

const HEIGHT = 120
const LEFT = 46
const BOTTOM = 22
const TOP = 8

/** How much of the answers the version gave, over time: a step wherever something was decided. */
export function ShareOverTime({ rollout }: { rollout: Rollout }) {
  const [box, width] = useWidth()
  const { history } = rollout
  const live = history.filter(({ state }) => state !== 'staging' && state !== 'awaiting_certification')
  const byEvent = live.length > 0 && live.every(({ eventTime }) => eventTime !== null)
  const points = (byEvent ? live : history).map((entry) => ({
    at: byEvent ? entry.eventTime! : entry.at,
    share: entry.share,
    note: entry.note,
    state: entry.state,
  }))
  const from = points[0]?.at ?? 0
  const end = rollout.finishedAt !== null || byEvent ? (points.at(-1)?.at ?? from) : Date.now()
  // After the last decision it stays as it is: a little of that is drawn.
  const to = end + Math.max(1, (end - from) * 0.08)
  const x = linear([from, to], [LEFT, Math.max(LEFT + 1, width - 10)])
  const y = linear([0, 1], [HEIGHT - BOTTOM, TOP])
  const path = points.reduce((d, { at, share }, i) => {
    const before = points[i - 1]?.share ?? 0
    return `${d}${i === 0 ? 'M' : 'L'}${x(at)},${y(before)}L${x(at)},${y(share)}`
  }, '')
  const last = points.at(-1)
  const line = last ? `${path}L${x(to)},${y(last.share)}` : ''
  const show = byEvent ? eventMinute : exactly
  return (
    <div ref={box} className="share-chart">
      {width > 0 && (
        <svg
          width={width}
          height={HEIGHT}
          role="img"
          aria-label={`Share of the answers over time: ${points.map(({ at, share }) => `${percent(share)} at ${show(at)}`).join(', ')}`}
        >
          {[0, 0.5, 1].map((share) => (
            <g key={share} className="axis">
              <line x1={LEFT} x2={width - 10} y1={y(share)} y2={y(share)} />
              <text x={LEFT - 6} y={y(share) + 4} textAnchor="end">
                {percent(share)}
              </text>
            </g>
          ))}
          {timeTicks(from, to, Math.max(2, width / 110)).map((tick) => (
            <text key={tick.at} x={x(tick.at)} y={HEIGHT - 6} textAnchor="middle">
              {tick.label}
            </text>
          ))}
          <path className="area" d={`${line}L${x(to)},${y(0)}L${x(from)},${y(0)}Z`} />
          <path className="line" d={line} />
          {points.map(({ at, share, note, state }) => (
            <circle key={`${at} ${state} ${share}`} cx={x(at)} cy={y(share)} r={3.5}>
              <title>{`${show(at)}: ${state.replaceAll('_', ' ')}. ${note}`}</title>
            </circle>
          ))}
        </svg>
      )}
    </div>
  )
}
