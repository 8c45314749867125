import { type PointerEvent, useId, useMemo, useRef, useState } from 'react'
import { figure } from '../shell/numbers.ts'
import { Download, type Table } from './download.tsx'
import { linePath } from './path.ts'
import { linear, logarithmic, logTicks, nearestIndex, niceTicks, tickLabels } from './scale.ts'
import { useWidth } from './size.ts'
import { smoothed } from './smoothing.ts'

export interface Line {
  readonly id: string
  readonly name: string
  /** Which of the eight colours and dash patterns. */
  readonly look: number
  /** By x. */
  readonly points: readonly { readonly x: number; readonly y: number | null }[]
}

export interface LinesChartProps {
  readonly title: string
  readonly lines: readonly Line[]
  readonly xName: string
  readonly xFormat: (x: number) => string
  readonly height?: number
  readonly log?: boolean
  /** Weight of what came before, from 0 to below 1. */
  readonly smoothing?: number
}

const LEFT = 52
const RIGHT = 12
const TOP = 8
const AXIS = 22
/** A drag shorter than this is a click. */
const SHORTEST_DRAG = 6
const MOST_READ = 12

/** Some curves over steps or time. Smoothed ones keep what was measured in sight behind them. */
export function LinesChart({
  title,
  lines,
  xName,
  xFormat,
  height = 220,
  log = false,
  smoothing = 0,
}: LinesChartProps) {
  const [box, width] = useWidth()
  const svg = useRef<SVGSVGElement>(null)
  const clip = useId()
  const [at, setAt] = useState<number | null>(null)
  const [drag, setDrag] = useState<readonly [number, number] | null>(null)
  const [zoom, setZoom] = useState<readonly [number, number] | null>(null)

  const curves = useMemo(
    () =>
      lines.map((line) => {
        const measured = line.points.map(({ y }) => (y === null || (log && y <= 0) ? null : y))
        return { ...line, xs: line.points.map(({ x }) => x), measured, shown: smoothed(measured, smoothing) }
      }),
    [lines, log, smoothing],
  )
  const steps = useMemo(() => [...new Set(curves.flatMap(({ xs }) => xs))].sort((a, b) => a - b), [curves])
  const [from, to] = zoom ?? [steps[0] ?? 0, steps.at(-1) ?? 1]
  const plot = { left: LEFT, right: Math.max(LEFT + 1, width - RIGHT), top: TOP, bottom: height - AXIS }
  const x = linear([from, to === from ? from + 1 : to], [plot.left, plot.right])
  const extent = useMemo(() => extentOf(curves, from, to, log), [curves, from, to, log])
  const y = (log ? logarithmic : linear)(extent, [plot.bottom, plot.top])
  const yTicks = log ? logTicks(extent[0], extent[1], height / 40) : niceTicks(extent[0], extent[1], height / 44)
  const yLabels = log ? yTicks.map(shortFigure) : tickLabels(yTicks)
  const xTicks = niceTicks(from, to, Math.max(2, (plot.right - plot.left) / 90))

  const inView = steps.filter((step) => step >= from && step <= to)
  const step = at === null || inView.length === 0 ? undefined : inView[nearestIndex(inView, at)]
  const read = step === undefined ? [] : readAt(curves, step)

  const under = (event: PointerEvent) => {
    const { left } = event.currentTarget.getBoundingClientRect()
    return x.invert(Math.min(plot.right, Math.max(plot.left, event.clientX - left)))
  }
  const moveBy = (by: number) => {
    const now = step === undefined ? (by > 0 ? -1 : inView.length) : inView.indexOf(step)
    const next = inView[Math.min(inView.length - 1, Math.max(0, now + by))]
    if (next !== undefined) setAt(next)
  }
  const table = (): Table => ({
    columns: ['run', xName, title],
    rows: lines.flatMap((line) => line.points.map((point) => [line.name, point.x, point.y])),
  })
  const told = (line: { name: string; value: number | null }) => `${line.name} ${figure(line.value)}`

  return (
    <figure className="lines-chart">
      <figcaption>
        <b>{title}</b>
        <span className="chart-tools">
          {zoom && (
            <button type="button" className="linkish" onClick={() => setZoom(null)}>
              Show all
            </button>
          )}
          <Download chart={svg} name={title.replace(/[^\w.-]+/g, '-')} title={title} table={table} />
        </span>
      </figcaption>
      <div
        ref={box}
        className="chart-box"
        style={{ height }}
        role="slider"
        tabIndex={0}
        aria-label={`${title}: drag or use the arrow keys to read it`}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, inView.length - 1)}
        aria-valuenow={Math.max(0, step === undefined ? 0 : inView.indexOf(step))}
        aria-valuetext={
          step === undefined ? 'nothing chosen' : `${xName} ${xFormat(step)}: ${read.map(told).join(', ')}`
        }
        onKeyDown={(event) => {
          const far = event.shiftKey ? 10 : 1
          if (event.key === 'ArrowRight') moveBy(far)
          else if (event.key === 'ArrowLeft') moveBy(-far)
          else if (event.key === 'Escape' && zoom) setZoom(null)
          else return
          event.preventDefault()
        }}
        onBlur={() => setAt(null)}
        onPointerDown={(event) => {
          if (event.button !== 0) return
          event.currentTarget.setPointerCapture(event.pointerId)
          setDrag([under(event), under(event)])
        }}
        onPointerMove={(event) => {
          setAt(under(event))
          if (drag) setDrag([drag[0], under(event)])
        }}
        onPointerUp={() => {
          if (!drag) return
          setDrag(null)
          const [low, high] = drag[0] < drag[1] ? drag : [drag[1], drag[0]]
          if (x(high) - x(low) >= SHORTEST_DRAG) setZoom([low, high])
        }}
        onPointerCancel={() => setDrag(null)}
        onPointerLeave={() => !drag && setAt(null)}
        onDoubleClick={() => setZoom(null)}
      >
        {width > 0 && (
          <svg ref={svg} width={width} height={height} className="chart" aria-hidden="true">
            <clipPath id={clip}>
              <rect x={plot.left} y={plot.top - 2} width={plot.right - plot.left} height={plot.bottom - plot.top + 4} />
            </clipPath>
            {yTicks.map((tick, i) => (
              <g key={tick}>
                <line className="grid" x1={plot.left} x2={plot.right} y1={y(tick)} y2={y(tick)} />
                <text className="tick" x={plot.left - 6} y={y(tick) + 4} textAnchor="end">
                  {yLabels[i]}
                </text>
              </g>
            ))}
            {xTicks.map((tick) => (
              <text key={tick} className="tick" x={x(tick)} y={height - 6} textAnchor="middle">
                {xFormat(tick)}
              </text>
            ))}
            <g clipPath={`url(#${clip})`}>
              {smoothing > 0 &&
                curves.map(({ id, look, xs, measured }) => (
                  <path key={id} className={`line series-${look % 8} faint`} d={linePath(xs.map(x), measured, y)} />
                ))}
              {curves.map(({ id, look, xs, shown }) => (
                <path key={id} className={`line series-${look % 8}`} d={linePath(xs.map(x), shown, y)} />
              ))}
              {curves.map(({ id, look, xs, shown }) => {
                // A single point is no line, and would not be seen.
                const only = shown.length === 1 ? shown[0] : null
                return only == null ? null : (
                  <circle key={id} className={`dot series-${look % 8}`} cx={x(xs[0]!)} cy={y(only)} r={3.5} />
                )
              })}
            </g>
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
            {step !== undefined && (
              <g data-screen-only="" className="cursor">
                <line x1={x(step)} x2={x(step)} y1={plot.top} y2={plot.bottom} />
                {read.map(({ id, look, value, x: where }) =>
                  value === null ? null : (
                    <circle key={id} className={`dot series-${look % 8}`} cx={x(where)} cy={y(value)} r={3.5} />
                  ),
                )}
              </g>
            )}
          </svg>
        )}
        {step !== undefined && !drag && (
          <div
            className="readout"
            aria-hidden="true"
            style={x(step) > width / 2 ? { right: width - x(step) + 12 } : { left: x(step) + 12 }}
          >
            <b>
              {xName} {xFormat(step)}
            </b>
            <dl>
              {read.slice(0, MOST_READ).map((line) => (
                <div key={line.id}>
                  <dt className="clip-name">
                    <Swatch look={line.look} /> {line.name}
                  </dt>
                  <dd className="mono">{figure(line.value)}</dd>
                </div>
              ))}
            </dl>
            {read.length > MOST_READ && <span className="note">and {read.length - MOST_READ} more</span>}
          </div>
        )}
      </div>
    </figure>
  )
}

/** A piece of a line as the chart draws it, for legends and tables. */
export function Swatch({ look }: { look: number }) {
  return (
    <svg className="swatch" width="22" height="10" aria-hidden="true">
      <path className={`line series-${look % 8}`} d="M0 5h22" />
    </svg>
  )
}

interface Curve extends Line {
  readonly xs: readonly number[]
  readonly measured: readonly (number | null)[]
  readonly shown: readonly (number | null)[]
}

/** What each line has at a step or nearest to it, the highest first; lines that are far from it are left out. */
function readAt(curves: readonly Curve[], step: number) {
  const reach = curves.length > 1 ? 0.02 : 0
  return curves
    .flatMap(({ id, name, look, xs, shown }) => {
      const i = nearestIndex(xs, step)
      if (i < 0) return []
      const span = xs.at(-1)! - xs[0]!
      return Math.abs(xs[i]! - step) > reach * span ? [] : [{ id, name, look, x: xs[i]!, value: shown[i] ?? null }]
    })
    .sort((a, b) => (b.value ?? Number.NEGATIVE_INFINITY) - (a.value ?? Number.NEGATIVE_INFINITY))
}

function extentOf(curves: readonly Curve[], from: number, to: number, log: boolean): [number, number] {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const { xs, measured } of curves)
    for (const [i, value] of measured.entries()) {
      if (value === null || !Number.isFinite(value) || xs[i]! < from || xs[i]! > to) continue
      low = Math.min(low, value)
      high = Math.max(high, value)
    }
  if (low > high) return log ? [0.1, 1] : [0, 1]
  if (log) return low === high ? [low / 2, high * 2] : [low * 0.94, high * 1.06]
  const air = (high - low || Math.abs(high) || 1) * 0.06
  return [low - air, high + air]
}

const shortFigure = (value: number) =>
  value >= 10_000 || value < 0.001 ? value.toExponential(0).replace('e+', 'e') : String(value)
