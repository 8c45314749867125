import type { FeedbackSummary } from '#serving/contract'
import { linear, timeTicks } from '../charts/scale.ts'
import { useWidth } from '../charts/size.ts'
import { count, figure, plural } from '../shell/numbers.ts'

const HEIGHT = 130
const LEFT = 34
const BOTTOM = 22
const TOP = 8
const DAY = 86_400_000

/** How much was said each day, how much of it disagreed, and the mean rating of the day as a dot. */
export function FeedbackOverTime({ periods }: { periods: FeedbackSummary['periods'] }) {
  const [box, width] = useWidth()
  const from = periods[0]?.from ?? 0
  const to = (periods.at(-1)?.from ?? from) + DAY
  const most = Math.max(1, ...periods.map((one) => one.count))
  const x = linear([from, to], [LEFT, Math.max(LEFT + 1, width - 34)])
  const y = linear([0, most], [HEIGHT - BOTTOM, TOP])
  const stars = linear([1, 5], [HEIGHT - BOTTOM, TOP])
  const wide = Math.min(36, Math.max(2, x(from + DAY) - x(from) - 2))
  const told = (one: FeedbackSummary['periods'][number]) =>
    `${new Date(one.from).toISOString().slice(0, 10)}: ${plural(one.count, 'piece')} of feedback, ${count(one.disagree)} disagree` +
    (one.meanRating === null ? '' : `, mean rating ${figure(one.meanRating)}`)
  return (
    <div ref={box} className="feedback-chart">
      {width > 0 && (
        <svg
          width={width}
          height={HEIGHT}
          role="img"
          aria-label={`Feedback by day. ${periods.slice(-30).map(told).join('; ')}`}
        >
          <g className="axis">
            <line x1={LEFT} x2={width - 34} y1={y(0)} y2={y(0)} />
            <text x={LEFT - 6} y={TOP + 8} textAnchor="end">
              {count(most)}
            </text>
            <text x={width - 28} y={TOP + 8}>
              5
            </text>
            <text x={width - 28} y={y(0)}>
              1
            </text>
          </g>
          {timeTicks(from, to, Math.max(2, width / 110)).map((tick) => (
            <text key={tick.at} x={x(tick.at)} y={HEIGHT - 6} textAnchor="middle">
              {tick.label}
            </text>
          ))}
          {periods.map((one) => {
            const left = x(one.from + DAY / 2) - wide / 2
            return (
              <g key={one.from}>
                <rect className="said" x={left} width={wide} y={y(one.count)} height={y(0) - y(one.count)} />
                <rect className="against" x={left} width={wide} y={y(one.disagree)} height={y(0) - y(one.disagree)} />
                {one.meanRating !== null && <circle cx={left + wide / 2} cy={stars(one.meanRating)} r={3.5} />}
                <rect className="hit" x={left} width={wide} y={TOP} height={HEIGHT - BOTTOM - TOP}>
                  <title>{told(one)}</title>
                </rect>
              </g>
            )
          })}
        </svg>
      )}
      <p className="note feedback-legend">
        <i className="said" /> said <i className="against" /> of it, disagrees <i className="rating" /> mean rating, 1
        to 5
      </p>
    </div>
  )
}
