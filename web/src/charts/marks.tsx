import { Link } from 'react-router'
import { eventMinute } from '../shell/times.ts'
import type { EventMark, Reign, Series } from './series.ts'

/** Who was champion when, in the background; a line where a version was promoted, its name at the top where it fits. */
export function Reigns({
  reigns,
  x,
  plot,
  clip,
}: {
  reigns: readonly Reign[]
  x: (at: number) => number
  plot: { left: number; right: number; top: number; bottom: number }
  clip: string
}) {
  return reigns.map((reign, i) => {
    // Who reigned at the first point reigned before it, too.
    const left = i === 0 ? plot.left : Math.max(plot.left, x(reign.from))
    const right = Math.min(plot.right, x(reign.to))
    if (right <= left) return null
    const roomy = right - left > reign.label.length * 7 + 6
    return (
      <g key={`${reign.label} ${reign.from}`}>
        <rect
          className={`reign ${i % 2 ? 'odd' : 'even'}`}
          clipPath={`url(#${clip})`}
          x={left}
          y={plot.top}
          width={right - left}
          height={plot.bottom - plot.top}
        />
        {left > plot.left && (
          <line className="promotion" x1={left} x2={left} y1={plot.top - (roomy ? 14 : 4)} y2={plot.bottom} />
        )}
        {roomy && (
          <Link to={reign.href} className="reign-name" tabIndex={-1}>
            <title>{reign.because ? `${reign.label}: ${reign.because}` : reign.label}</title>
            <text x={left + 4} y={plot.top - 7}>
              {reign.label}
            </text>
          </Link>
        )}
      </g>
    )
  })
}

/** The last value of each line, named at its right end. */
export function EndLabels({
  series,
  inView,
  x,
  y,
  format,
}: {
  series: readonly Series[]
  inView: readonly boolean[]
  x: number
  y: (value: number) => number
  format: (value: number) => string
}) {
  const labels = series
    .map((one) => ({ one, value: one.values.findLast((value, i) => value !== null && inView[i]) ?? null }))
    .filter((label): label is { one: Series; value: number } => label.value !== null)
    .map(({ one, value }) => ({ one, value, at: y(value) }))
    .sort((a, b) => a.at - b.at)
  // From top to bottom, each at least a line below the one before.
  labels.forEach((label, i) => {
    if (i > 0) label.at = Math.max(label.at, labels[i - 1]!.at + 16)
  })
  return labels.map(({ one, value, at }) => (
    <text key={one.name} className={`end ${one.look}`} x={x} y={at + 4}>
      {one.name} {format(value)}
    </text>
  ))
}

/** Alerts under the axis, each with as much of its name as fits before the next. */
export function AlertLane({
  marks,
  x,
  top,
  right,
}: {
  marks: readonly EventMark[]
  x: (at: number) => number
  top: number
  right: number
}) {
  const placed = [...marks].sort((a, b) => a.at - b.at)
  return placed.map((mark, i) => {
    const at = x(mark.at)
    const next = placed[i + 1]
    const room = (next ? x(next.at) - 12 : right) - at - 10
    const letters = Math.floor(room / 6.2)
    const label = mark.label.length <= letters ? mark.label : letters >= 8 ? `${mark.label.slice(0, letters - 1)}…` : ''
    return (
      <Link key={`${mark.href} ${mark.at}`} to={mark.href} className={mark.strong ? 'lane alert strong' : 'lane alert'}>
        <title>{`${eventMinute(mark.at)}: ${mark.title}`}</title>
        <rect className="hit" x={at - 8} y={top - 3} width={label ? label.length * 6.2 + 18 : 16} height={20} />
        <path d={`M${at} ${top + 1}l5.5 10h-11z`} />
        {label && (
          <text x={at + 9} y={top + 11}>
            {label}
          </text>
        )}
      </Link>
    )
  })
}

/** Where a version was withdrawn: a cross at the foot of the plot. */
export function RollbackMarks({
  marks,
  x,
  bottom,
}: {
  marks: readonly EventMark[]
  x: (at: number) => number
  bottom: number
}) {
  return marks.map((mark) => (
    <Link key={`${mark.href} ${mark.at}`} to={mark.href} className="lane rollback">
      <title>{`${eventMinute(mark.at)}: ${mark.label} rolled back, ${mark.title}`}</title>
      <rect className="hit" x={x(mark.at) - 9} y={bottom - 20} width={18} height={18} />
      <path className="cross" d={`M${x(mark.at) - 4} ${bottom - 15}l8 8m0-8l-8 8`} />
    </Link>
  ))
}
