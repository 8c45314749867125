import { type PointerEvent, type ReactNode, useId, useMemo, useRef, useState } from 'react'
import { Link } from 'react-router'
import { eventMinute } from '../shell/times.ts'
import { useCursor } from './cursor.tsx'
import { Download, type Table } from './download.tsx'
import { bandPath, linePath } from './path.ts'
import { linear, nearestIndex, niceTicks, timeTicks } from './scale.ts'
import { useWidth } from './size.ts'
import type { Range, Zoom } from './zoom.ts'

type Values = readonly (number | null)[]

export interface Series {
  readonly name: string
  readonly values: Values
  /** A class of charts.css: its colour, width and dashes. */
  readonly look: 'loop' | 'reference' | 'estimate' | 'plain' | 'second'
  readonly band?: { lower: Values; upper: Values }
}

/** A stretch of time in the background, such as the reign of a version. */
export interface Reign {
  readonly from: number
  readonly to: number
  readonly label: string
  readonly href: string
  /** What made it begin, told on hovering its label. */
  readonly because?: string
}

export interface EventMark {
  readonly at: number
  readonly kind: 'alert' | 'rollback'
  readonly label: string
  readonly href: string
}

export interface TimeChartProps {
  readonly title: string
  /** For the file names of downloads: `electricity-quality`. */
  readonly name: string
  readonly times: readonly number[]
  readonly series: readonly Series[]
  readonly reigns?: readonly Reign[]
  readonly marks?: readonly EventMark[]
  readonly limits?: readonly { value: number; label: string }[]
  readonly format: (value: number) => string
  readonly zoom: Zoom
  readonly height?: number
  readonly includeZero?: boolean
  /** More lines for the hover, by index. */
  readonly readout?: (index: number) => readonly (readonly [name: string, value: string])[]
  readonly note?: ReactNode
}

const LEFT = 46
const TOP = 22
const AXIS = 24
const LANE = 22
/** Below this width, names stand in the legend alone. */
const WIDE = 640
const END_LABELS = 132
/** A drag shorter than this is a click. */
const SHORTEST_DRAG = 6

export function TimeChart(props: TimeChartProps) {
  const {
    title,
    name,
    times,
    series,
    reigns = [],
    marks = [],
    limits = [],
    format,
    zoom,
    height = 300,
    readout,
  } = props
  const [box, width] = useWidth()
  const svg = useRef<SVGSVGElement>(null)
  const cursor = useCursor()
  const [drag, setDrag] = useState<Range | null>(null)
  const clip = useId()

  const wide = width >= WIDE
  const right = wide ? END_LABELS : 12
  const bottom = AXIS + (marks.length > 0 ? LANE : 0)
  const plot = { left: LEFT, right: Math.max(LEFT + 1, width - right), top: TOP, bottom: height - bottom }
  const span = zoom.range ?? ([times[0] ?? 0, times.at(-1) ?? 1] as const)
  const [from, to] = span
  const x = useMemo(() => linear([from, to], [plot.left, plot.right]), [from, to, plot.left, plot.right])
  const inView = useMemo(() => times.map((at) => at >= from && at <= to), [times, from, to])
  const yDomain = useMemo(
    () => verticalExtent(series, limits, inView, props.includeZero ?? false),
    [series, limits, inView, props.includeZero],
  )
  const y = useMemo(() => linear(yDomain, [plot.bottom, plot.top]), [yDomain, plot.bottom, plot.top])
  const xs = useMemo(() => times.map((at) => x(at)), [times, x])
  const drawn = useMemo(
    () =>
      series.map((one) => ({
        ...one,
        line: linePath(xs, one.values, y),
        area: one.band ? bandPath(xs, one.band.lower, one.band.upper, y) : null,
      })),
    [series, xs, y],
  )

  const index = cursor.at === null || times.length === 0 ? -1 : nearestIndex(times, cursor.at)
  const shown = index >= 0 && inView[index] ? index : -1

  const timeUnder = (event: PointerEvent | React.MouseEvent) => {
    const { left } = event.currentTarget.getBoundingClientRect()
    return x.invert(Math.min(plot.right, Math.max(plot.left, event.clientX - left)))
  }
  const moveBy = (steps: number) => {
    const start = shown >= 0 ? shown : steps > 0 ? inView.indexOf(true) - 1 : inView.lastIndexOf(true) + 1
    const next = Math.min(inView.lastIndexOf(true), Math.max(inView.indexOf(true), start + steps))
    if (times[next] !== undefined) cursor.setAt(times[next])
  }

  const lines = shown >= 0 ? readoutOf(series, shown, format).concat(readout?.(shown) ?? []) : []
  const table = (): Table => ({
    columns: [
      'time',
      ...series.flatMap((one) => (one.band ? [one.name, `${one.name} lower95`, `${one.name} upper95`] : [one.name])),
    ],
    rows: times.map((at, i) => [
      new Date(at).toISOString(),
      ...series.flatMap((one) => [
        one.values[i] ?? null,
        ...(one.band ? [one.band.lower[i] ?? null, one.band.upper[i] ?? null] : []),
      ]),
    ]),
  })

  return (
    <div className="time-chart">
      <div className="chart-bar">
        <Legend series={series} marks={marks} limits={limits} reigns={reigns.length > 0} />
        <div className="chart-tools">
          {zoom.range && (
            <button type="button" className="linkish" onClick={() => zoom.zoomTo(null)}>
              Show all
            </button>
          )}
          <Download chart={svg} name={name} title={title} table={table} />
        </div>
      </div>
      <div
        ref={box}
        className="chart-box"
        style={{ height }}
        role="slider"
        tabIndex={0}
        aria-label={`${title}: drag or use the arrow keys to read it`}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, times.length - 1)}
        aria-valuenow={Math.max(0, shown)}
        aria-valuetext={
          shown >= 0
            ? `${eventMinute(times[shown]!)}: ${lines.map(([label, value]) => `${label} ${value}`).join(', ')}`
            : 'nothing chosen'
        }
        onKeyDown={(event) => {
          const far = event.shiftKey ? 10 : 1
          if (event.key === 'ArrowRight') moveBy(far)
          else if (event.key === 'ArrowLeft') moveBy(-far)
          else if (event.key === 'Escape' && zoom.range) zoom.zoomTo(null)
          else return
          event.preventDefault()
        }}
        onBlur={() => cursor.setAt(null)}
        onPointerDown={(event) => {
          if (event.button !== 0 || (event.target as Element).closest('a')) return
          const at = timeUnder(event)
          event.currentTarget.setPointerCapture(event.pointerId)
          setDrag([at, at])
        }}
        onPointerMove={(event) => {
          const at = timeUnder(event)
          cursor.setAt(at)
          if (drag) setDrag([drag[0], at])
        }}
        onPointerUp={() => {
          if (!drag) return
          setDrag(null)
          const ends = [...drag].sort((a, b) => a - b) as [number, number]
          if (x(ends[1]) - x(ends[0]) >= SHORTEST_DRAG) zoom.zoomTo(ends)
        }}
        onPointerCancel={() => setDrag(null)}
        onPointerLeave={() => !drag && cursor.setAt(null)}
        onDoubleClick={() => zoom.range && zoom.zoomTo(null)}
      >
        {width > 0 && (
          <svg ref={svg} width={width} height={height} className="chart" aria-hidden="true">
            <clipPath id={clip}>
              <rect x={plot.left} y={0} width={plot.right - plot.left} height={plot.bottom + 1} />
            </clipPath>
            <Reigns reigns={reigns} x={x} plot={plot} clip={clip} />
            {niceTicks(y.domain[0], y.domain[1], Math.max(3, height / 64)).map((tick) => (
              <g key={tick}>
                <line className="grid" x1={plot.left} x2={plot.right} y1={y(tick)} y2={y(tick)} />
                <text className="tick" x={plot.left - 8} y={y(tick) + 4} textAnchor="end">
                  {format(tick)}
                </text>
              </g>
            ))}
            {timeTicks(from, to, Math.max(2, (plot.right - plot.left) / 92)).map((tick) => (
              <g key={tick.at}>
                <line className="notch" x1={x(tick.at)} x2={x(tick.at)} y1={plot.bottom} y2={plot.bottom + 4} />
                <text className="tick" x={x(tick.at)} y={plot.bottom + 17} textAnchor="middle">
                  {tick.label}
                </text>
              </g>
            ))}
            <g clipPath={`url(#${clip})`}>
              {limits.map((limit) => (
                <line
                  key={limit.label}
                  className="limit"
                  x1={plot.left}
                  x2={plot.right}
                  y1={y(limit.value)}
                  y2={y(limit.value)}
                />
              ))}
              {drawn.map((one) => one.area && <path key={one.name} className={`band ${one.look}`} d={one.area} />)}
              {drawn.map((one) => (
                <path key={one.name} className={`line ${one.look}`} d={one.line} />
              ))}
              {marks.map((mark) => (
                <line
                  key={`${mark.kind} ${mark.href} ${mark.at}`}
                  className={`mark-line ${mark.kind}`}
                  x1={x(mark.at)}
                  x2={x(mark.at)}
                  y1={plot.top}
                  y2={plot.bottom}
                />
              ))}
            </g>
            {wide && <EndLabels series={series} inView={inView} x={plot.right + 10} y={y} format={format} />}
            <MarkLane
              marks={marks.filter((mark) => mark.at >= from && mark.at <= to)}
              x={x}
              top={plot.bottom + AXIS}
              right={width}
            />
            {drag && (
              <rect
                data-screen-only=""
                className="brush"
                x={Math.min(x(drag[0]), x(drag[1]))}
                width={Math.abs(x(drag[1]) - x(drag[0]))}
                y={plot.top}
                height={plot.bottom - plot.top}
              />
            )}
            {shown >= 0 && (
              <g data-screen-only="" className="cursor">
                <line x1={xs[shown]} x2={xs[shown]} y1={plot.top} y2={plot.bottom} />
                {series.map((one) => {
                  const value = one.values[shown]
                  return value == null ? null : (
                    <circle key={one.name} className={`dot ${one.look}`} cx={xs[shown]} cy={y(value)} r={3.5} />
                  )
                })}
              </g>
            )}
          </svg>
        )}
        {shown >= 0 && !drag && (
          <div
            className="readout"
            aria-hidden="true"
            style={xs[shown]! > width / 2 ? { right: width - xs[shown]! + 12 } : { left: xs[shown]! + 12 }}
          >
            <b>{eventMinute(times[shown]!)}</b>
            <dl>
              {lines.map(([label, value]) => (
                <div key={label}>
                  <dt>{label}</dt>
                  <dd className="mono">{value}</dd>
                </div>
              ))}
            </dl>
          </div>
        )}
      </div>
      <p className="chart-note">
        {props.note}
        {props.note ? ' ' : ''}
        <span className="chart-hint">Drag to zoom, double click for all.</span>
      </p>
    </div>
  )
}

function readoutOf(series: readonly Series[], index: number, format: (value: number) => string) {
  return series.map((one): readonly [string, string] => {
    const value = one.values[index]
    if (value == null) return [one.name, 'no labels yet']
    const low = one.band?.lower[index]
    const high = one.band?.upper[index]
    return [
      one.name,
      low != null && high != null ? `${format(value)} (${format(low)} – ${format(high)})` : format(value),
    ]
  })
}

/**
 * The lines fill the height; a band may widen it by at most half, since the first labels' interval reaches from nothing to
 * everything and would flatten what follows.
 */
function verticalExtent(
  series: readonly Series[],
  limits: readonly { value: number }[],
  inView: readonly boolean[],
  includeZero: boolean,
): [number, number] {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  const include = (value: number | null | undefined) => {
    if (value == null) return
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  for (const one of series) {
    one.values.forEach((value, i) => {
      if (inView[i]) include(value)
    })
  }
  for (const limit of limits) include(limit.value)
  if (includeZero) include(0)
  if (low > high) return [0, 1]
  const most = (high - low || Math.abs(high) || 1) * 0.25
  const [lineLow, lineHigh] = [low, high]
  for (const { band } of series) {
    band?.lower.forEach((value, i) => {
      if (inView[i] && value !== null) include(Math.max(value, lineLow - most))
    })
    band?.upper.forEach((value, i) => {
      if (inView[i] && value !== null) include(Math.min(value, lineHigh + most))
    })
  }
  const air = (high - low || Math.abs(high) || 1) * 0.06
  return [includeZero && low === 0 ? 0 : low - air, high + air]
}

function Reigns({
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
    const left = Math.max(plot.left, x(reign.from))
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
        {x(reign.from) > plot.left && (
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

function EndLabels({
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

function MarkLane({
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
      <Link key={`${mark.kind} ${mark.href} ${mark.at}`} to={mark.href} className={`lane ${mark.kind}`}>
        <title>{`${eventMinute(mark.at)}: ${mark.label}`}</title>
        <rect className="hit" x={at - 8} y={top - 3} width={label ? label.length * 6.2 + 18 : 16} height={20} />
        {mark.kind === 'alert' ? (
          <path d={`M${at} ${top + 1}l5.5 10h-11z`} />
        ) : (
          <path className="cross" d={`M${at - 4} ${top + 2}l8 8m0-8l-8 8`} />
        )}
        {label && (
          <text x={at + 9} y={top + 11}>
            {label}
          </text>
        )}
      </Link>
    )
  })
}

function Legend({
  series,
  marks,
  limits,
  reigns,
}: {
  series: readonly Series[]
  marks: readonly EventMark[]
  limits: readonly { label: string }[]
  reigns: boolean
}) {
  return (
    <ul className="legend">
      {series.map((one) => (
        <li key={one.name}>
          <svg width="26" height="12" aria-hidden="true">
            {one.band && <rect className={`band ${one.look}`} y="1" width="26" height="10" />}
            <path className={`line ${one.look}`} d="M0 6h26" />
          </svg>
          {one.name}
          {one.band && <span className="note">with 95 % interval</span>}
        </li>
      ))}
      {limits.map((limit) => (
        <li key={limit.label}>
          <svg width="26" height="12" aria-hidden="true">
            <path className="limit" d="M0 6h26" />
          </svg>
          {limit.label}
        </li>
      ))}
      {reigns && (
        <li>
          <svg width="26" height="12" aria-hidden="true">
            <rect className="reign even" width="13" height="12" />
            <rect className="reign odd" x="13" width="13" height="12" />
          </svg>
          champion
        </li>
      )}
      {marks.some((mark) => mark.kind === 'alert') && (
        <li className="lane alert">
          <svg width="12" height="12" aria-hidden="true">
            <path d="M6 1l5.5 10h-11z" />
          </svg>
          alert
        </li>
      )}
      {marks.some((mark) => mark.kind === 'rollback') && (
        <li className="lane rollback">
          <svg width="12" height="12" aria-hidden="true">
            <path className="cross" d="M2 2l8 8m0-8l-8 8" />
          </svg>
          rolled back
        </li>
      )}
    </ul>
  )
}
