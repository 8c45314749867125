import { useMemo, useState } from 'react'
import { Link } from 'react-router'
import { eventDay, eventMinute } from '../shell/times.ts'
import { useCursor } from './cursor.tsx'
import { linear, nearestIndex, timeTicks } from './scale.ts'
import { useWidth } from './size.ts'
import type { EventMark } from './series.ts'
import type { Zoom } from './zoom.ts'

export interface Strip {
  readonly name: string
  /** One value per time; null where nothing was measured. */
  readonly values: readonly (number | null)[]
  /** What to say of one cell. */
  readonly told: (index: number) => string
}

/** Classes of a value: below the first limit nothing, above the last the darkest. */
const LIMITS = [0.05, 0.1, 0.2, 0.4] as const
const LEVEL_NAMES = ['< 0.05', '0.05', '0.1', '0.2', '≥ 0.4']
const ROW = 22
const AXIS = 24
const FEW = 12

const levelOf = (value: number) => LIMITS.filter((limit) => value >= limit).length

/** One row for each feature, time to the right, darker where it moved further; above 0.2 it is hatched as well. */
export function HeatStrip({
  times,
  strips,
  marks,
  zoom,
  what,
}: {
  times: readonly number[]
  strips: readonly Strip[]
  marks: readonly EventMark[]
  zoom: Zoom
  what: string
}) {
  const [box, width] = useWidth()
  const [all, setAll] = useState(false)
  const cursor = useCursor()
  const shown = all ? strips : strips.slice(0, FEW)
  const left = Math.min(150, Math.max(80, width * 0.2))
  const [from, to] = zoom.range ?? [times[0] ?? 0, times.at(-1) ?? 1]
  const x = useMemo(() => linear([from, to], [left, Math.max(left + 1, width - 12)]), [from, to, left, width])
  const height = shown.length * ROW + AXIS
  const index = cursor.at === null ? -1 : nearestIndex(times, cursor.at)
  const runs = useMemo(() => shown.map((strip) => equalRuns(strip.values, times)), [shown, times])
  const [row, setRow] = useState(-1)

  return (
    <div className="heat">
      <ul className="legend">
        {LEVEL_NAMES.map((name, level) => (
          <li key={name}>
            <svg width="18" height="12" aria-hidden="true">
              <Pattern />
              <rect className={`heat-${level}`} width="18" height="12" />
              {level >= 3 && <rect fill="url(#hatch)" width="18" height="12" />}
            </svg>
            {name}
          </li>
        ))}
        <li className="note">{what}</li>
      </ul>
      <div
        ref={box}
        className="chart-box"
        style={{ height }}
        onPointerMove={(event) => {
          const bounds = event.currentTarget.getBoundingClientRect()
          cursor.setAt(x.invert(Math.max(left, event.clientX - bounds.left)))
          setRow(Math.floor((event.clientY - bounds.top) / ROW))
        }}
        onPointerLeave={() => {
          cursor.setAt(null)
          setRow(-1)
        }}
      >
        {width > 0 && (
          <svg className="chart" width={width} height={height} role="img" aria-label={inWords(strips)}>
            <Pattern />
            <clipPath id="heat-clip">
              <rect x={left} y={0} width={Math.max(0, width - 12 - left)} height={height} />
            </clipPath>
            {shown.map((strip, r) => (
              <g key={strip.name} transform={`translate(0 ${r * ROW})`}>
                <text className={r === row ? 'strip-name on' : 'strip-name'} x={left - 8} y={15} textAnchor="end">
                  {strip.name.length > left / 6.6 ? `${strip.name.slice(0, Math.floor(left / 6.6) - 1)}…` : strip.name}
                  <title>{strip.name}</title>
                </text>
                <g clipPath="url(#heat-clip)">
                  {runs[r]!.map((run) => (
                    <g key={run.from}>
                      <rect
                        className={`heat-${run.level}`}
                        x={x(run.from)}
                        y={2}
                        width={x(run.to) - x(run.from)}
                        height={ROW - 4}
                      />
                      {run.level >= 3 && (
                        <rect
                          fill="url(#hatch)"
                          x={x(run.from)}
                          y={2}
                          width={x(run.to) - x(run.from)}
                          height={ROW - 4}
                        />
                      )}
                    </g>
                  ))}
                </g>
              </g>
            ))}
            {marks
              .filter((mark) => mark.at >= from && mark.at <= to)
              .map((mark) => (
                <Link key={mark.href} to={mark.href} className="lane alert">
                  <title>{`${eventMinute(mark.at)}: ${mark.title}`}</title>
                  <line className="mark-line" x1={x(mark.at)} x2={x(mark.at)} y1={0} y2={height - AXIS} />
                  <path d={`M${x(mark.at)} ${height - AXIS + 1}l5 9h-10z`} />
                </Link>
              ))}
            {timeTicks(from, to, Math.max(2, (width - left) / 92)).map((tick) => (
              <text key={tick.at} x={x(tick.at)} y={height - 3} textAnchor="middle">
                {tick.label}
              </text>
            ))}
            {index >= 0 && times[index]! >= from && times[index]! <= to && (
              <g className="cursor">
                <line x1={x(times[index]!)} x2={x(times[index]!)} y1={0} y2={height - AXIS} />
              </g>
            )}
          </svg>
        )}
        {index >= 0 && shown[row] && (
          <div
            className="readout"
            aria-hidden="true"
            style={{
              top: (row + 1) * ROW + 6,
              ...(x(times[index]!) > width / 2
                ? { right: width - x(times[index]!) + 12 }
                : { left: x(times[index]!) + 12 }),
            }}
          >
            <b>{shown[row].name}</b> <span className="note">{eventDay(times[index]!)}</span>
            <div>{shown[row].told(index)}</div>
          </div>
        )}
      </div>
      {strips.length > FEW && (
        <button type="button" className="linkish" onClick={() => setAll(!all)}>
          {all ? `only the ${FEW} that moved most` : `all ${strips.length} features`}
        </button>
      )}
    </div>
  )
}

function Pattern() {
  return (
    <defs>
      <pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <line className="hatch" x1="0" y1="0" x2="0" y2="5" />
      </pattern>
    </defs>
  )
}

/** Neighbouring cells of one level drawn as one: a strip of 500 points is a handful of rectangles. */
function equalRuns(values: readonly (number | null)[], times: readonly number[]) {
  const runs: { from: number; to: number; level: number }[] = []
  values.forEach((value, i) => {
    // A cell covers the period that ends at its time; the first one's start is not known.
    if (value === null || i === 0) return
    const level = levelOf(value)
    const from = times[i - 1]!
    const last = runs.at(-1)
    if (last && last.level === level && last.to === from) last.to = times[i]!
    else runs.push({ from, to: times[i]!, level })
  })
  return runs
}

function inWords(strips: readonly Strip[]): string {
  const most = (strip: Strip) => strip.values.reduce<number>((max, value) => Math.max(max, value ?? 0), 0)
  return `How far each feature moved over time. ${strips
    .slice(0, FEW)
    .map((strip) => `${strip.name}: at most ${most(strip).toFixed(2)}`)
    .join('; ')}`
}
