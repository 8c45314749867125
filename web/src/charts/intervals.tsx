import { linear } from './scale.ts'

export interface Interval {
  readonly value: number
  readonly lower95: number | null
  readonly upper95: number | null
}

/** The axis that several rows of intervals share, with a little air. */
export function sharedDomain(intervals: readonly (Interval | null)[], also: readonly number[] = []): [number, number] {
  const values = intervals
    .flatMap((one) => (one ? [one.value, one.lower95 ?? one.value, one.upper95 ?? one.value] : []))
    .concat(also)
  if (values.length === 0) return [0, 1]
  const low = Math.min(...values)
  const high = Math.max(...values)
  const air = (high - low || Math.abs(high) || 1) * 0.08
  return [low - air, high + air]
}

const HEIGHT = 22

/** A figure as a dot with its 95 % interval; a second one hollow below it; a line where everything together stands. */
export function IntervalBar({
  domain,
  interval,
  other,
  line,
  label,
}: {
  domain: readonly [number, number]
  interval: Interval | null
  other?: Interval | null
  line?: number | null
  label: string
}) {
  // In percent of whatever width the cell has, so that no dot is ever stretched.
  const scale = linear(domain, [2, 98])
  const x = (value: number) => `${scale(value).toFixed(2)}%`
  return (
    <svg className="interval" height={HEIGHT} role="img" aria-label={label}>
      <line className="grid" x1="0%" x2="100%" y1={HEIGHT / 2} y2={HEIGHT / 2} />
      {line != null && <line className="all" x1={x(line)} x2={x(line)} y1={0} y2={HEIGHT} />}
      {interval && <Whisker interval={interval} x={x} y={other ? 6.5 : HEIGHT / 2} look="this" />}
      {other && <Whisker interval={other} x={x} y={15.5} look="other" />}
    </svg>
  )
}

function Whisker({
  interval,
  x,
  y,
  look,
}: {
  interval: Interval
  x: (value: number) => string
  y: number
  look: string
}) {
  const low = x(interval.lower95 ?? interval.value)
  const high = x(interval.upper95 ?? interval.value)
  return (
    <g className={`whisker ${look}`}>
      <line x1={low} x2={high} y1={y} y2={y} />
      <line x1={low} x2={low} y1={y - 3.5} y2={y + 3.5} />
      <line x1={high} x2={high} y1={y - 3.5} y2={y + 3.5} />
      <circle cx={x(interval.value)} cy={y} r={3.6} />
    </g>
  )
}
