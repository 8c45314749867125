import { type PointerEvent, type ReactNode, useId, useMemo, useRef, useState } from 'react'
import { eventMinute } from '../shell/times.ts'
import { useCursor } from './cursor.tsx'
import { Download, type Table } from './download.tsx'
import { Legend } from './legend.tsx'
import { AlertLane, EndLabels, Reigns, RollbackMarks } from './marks.tsx'
import { bandPath, linePath } from './path.ts'
import { linear, nearestIndex, niceTicks, tickLabels, timeTicks } from './scale.ts'
import { type EventMark, type Reign, type Series, verticalExtent } from './series.ts'
import { useWidth } from './size.ts'
import type { Range, Zoom } from './zoom.ts'

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
  const bottom = AXIS + (marks.some((mark) => mark.kind === 'alert') ? LANE : 0)
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

  const inSight = (kind: EventMark['kind']) =>
    marks.filter((mark) => mark.kind === kind && mark.at >= from && mark.at <= to)
  const yTicks = niceTicks(y.domain[0], y.domain[1], Math.max(3, height / 56))
  const yLabels = tickLabels(yTicks)

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
              <rect x={plot.left} y={plot.top} width={plot.right - plot.left} height={plot.bottom - plot.top + 1} />
            </clipPath>
            <Reigns reigns={reigns} x={x} plot={plot} clip={clip} />
            {yTicks.map((tick, i) => (
              <g key={tick}>
                <line className="grid" x1={plot.left} x2={plot.right} y1={y(tick)} y2={y(tick)} />
                <text className="tick" x={plot.left - 8} y={y(tick) + 4} textAnchor="end">
                  {yLabels[i]}
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
                  className={`mark-line ${mark.kind} ${mark.strong ? 'strong' : ''}`}
                  x1={x(mark.at)}
                  x2={x(mark.at)}
                  y1={plot.top}
                  y2={plot.bottom}
                />
              ))}
            </g>
            {wide && <EndLabels series={series} inView={inView} x={plot.right + 10} y={y} format={format} />}
            <RollbackMarks marks={inSight('rollback')} x={x} bottom={plot.bottom} />
            <AlertLane marks={inSight('alert')} x={x} top={plot.bottom + AXIS} right={width} />
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
