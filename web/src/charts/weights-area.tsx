import { useMemo } from 'react'
import { Link } from 'react-router'
import { percent } from '../shell/numbers.ts'
import { eventMinute } from '../shell/times.ts'
import { useCursor } from './cursor.tsx'
import { linear, nearestIndex, timeTicks } from './scale.ts'
import { useWidth } from './size.ts'
import type { Zoom } from './zoom.ts'

const HEIGHT = 190
const TOP = 8
const AXIS = 22
const LEFT = 40
/** Colours repeat after this many versions that answered; the name inside tells two of one colour apart. */
const COLOURS = 6

/** Who gave how much of the answer, over time: the parts of all versions stacked to one. */
export function WeightsArea({
  times,
  weights,
  href,
  zoom,
}: {
  times: readonly number[]
  weights: readonly Record<string, number>[]
  href: (version: number) => string
  zoom: Zoom
}) {
  const [box, width] = useWidth()
  const cursor = useCursor()
  const [from, to] = zoom.range ?? [times[0] ?? 0, times.at(-1) ?? 1]
  const x = useMemo(() => linear([from, to], [LEFT, Math.max(LEFT + 1, width - 8)]), [from, to, width])
  const y = linear([0, 1], [HEIGHT - AXIS, TOP])
  const layers = useMemo(() => layersOf(times, weights), [times, weights])
  const index = cursor.at === null ? -1 : nearestIndex(times, cursor.at)
  const now = index >= 0 ? Object.entries(weights[index] ?? {}).sort(([, a], [, b]) => b - a) : []
  return (
    <div
      ref={box}
      className="chart-box"
      style={{ height: HEIGHT }}
      onPointerMove={(event) =>
        cursor.setAt(x.invert(event.clientX - event.currentTarget.getBoundingClientRect().left))
      }
      onPointerLeave={() => cursor.setAt(null)}
    >
      {width > 0 && (
        <svg className="chart" width={width} height={HEIGHT} role="img" aria-label={inWords(times, weights)}>
          <clipPath id="weights-clip">
            <rect x={LEFT} y={0} width={Math.max(0, width - 8 - LEFT)} height={HEIGHT} />
          </clipPath>
          {[0, 0.5, 1].map((tick) => (
            <text key={tick} x={LEFT - 6} y={y(tick) + 4} textAnchor="end">
              {percent(tick)}
            </text>
          ))}
          <g clipPath="url(#weights-clip)">
            {layers.map((layer, rank) => (
              <Link key={layer.version} to={href(layer.version)} tabIndex={-1}>
                <title>{`v${layer.version}`}</title>
                <path
                  className={`layer c${rank % COLOURS}`}
                  d={`M${layer.points.map(([at, low]) => `${x(at)} ${y(low)}`).join('L')}L${layer.points
                    .toReversed()
                    .map(([at, , high]) => `${x(at)} ${y(high)}`)
                    .join('L')}Z`}
                />
              </Link>
            ))}
            {layers.map(
              ({ version, label }) =>
                label &&
                x(label.to) - x(label.from) > 26 && (
                  <text
                    key={version}
                    className="layer-name"
                    x={x(label.at)}
                    y={y(label.middle) + 4}
                    textAnchor="middle"
                  >
                    v{version}
                  </text>
                ),
            )}
          </g>
          {timeTicks(from, to, Math.max(2, (width - LEFT) / 80)).map((tick) => (
            <text key={tick.at} x={x(tick.at)} y={HEIGHT - 4} textAnchor="middle">
              {tick.label}
            </text>
          ))}
          {index >= 0 && (
            <g className="cursor">
              <line x1={x(times[index]!)} x2={x(times[index]!)} y1={TOP} y2={HEIGHT - AXIS} />
            </g>
          )}
        </svg>
      )}
      {now.length > 0 && width > 0 && (
        <div
          className="readout"
          aria-hidden="true"
          style={
            x(times[index]!) > width / 2 ? { right: width - x(times[index]!) + 12 } : { left: x(times[index]!) + 12 }
          }
        >
          <b>{eventMinute(times[index]!)}</b>
          <dl>
            {now.map(([version, weight]) => (
              <div key={version}>
                <dt>v{version}</dt>
                <dd className="mono">{percent(weight)}</dd>
              </div>
            ))}
          </dl>
        </div>
      )}
    </div>
  )
}

interface Layer {
  version: number
  points: [at: number, low: number, high: number][]
  /** Where its name stands: at the middle of the stretch in which it is thick enough, in the middle of its height there. */
  label: { from: number; to: number; at: number; middle: number } | null
}

/** Thick enough for a line of text, as part of the height. */
const THICK = 0.12

/** Each version's stretch of the stack, oldest at the bottom; weights hold until the next point, hence the steps. */
function layersOf(times: readonly number[], weights: readonly Record<string, number>[]): Layer[] {
  const versions = [...new Set(weights.flatMap((each) => Object.keys(each)))].map(Number).sort((a, b) => a - b)
  const floor = times.map(() => 0)
  return versions.map((version) => {
    const points: Layer['points'] = []
    const lows = [...floor]
    times.forEach((at, i) => {
      const weight = weights[i]?.[version] ?? 0
      floor[i] = lows[i]! + weight
      const silent = weight === 0 && (points.length === 0 || points.at(-1)![1] === points.at(-1)![2])
      if (!silent) points.push([at, lows[i]!, floor[i]!], [times[i + 1] ?? at, lows[i]!, floor[i]!])
    })
    return { version, points, label: labelOf(times, (i) => weights[i]?.[version] ?? 0, lows) }
  })
}

/** Near its largest weight, in the middle of the first stretch of at least four fifths of it. */
function labelOf(times: readonly number[], weightAt: (i: number) => number, lows: readonly number[]): Layer['label'] {
  const largest = Math.max(...times.map((_, i) => weightAt(i)))
  if (largest < THICK) return null
  const first = times.findIndex((_, i) => weightAt(i) >= 0.8 * largest)
  let last = first
  while (last + 1 < times.length && weightAt(last + 1) >= 0.8 * largest) last += 1
  const centre = Math.round((first + last) / 2)
  return {
    from: times[first]!,
    to: times[Math.min(last + 1, times.length - 1)]!,
    at: times[centre]!,
    middle: lows[centre]! + weightAt(centre) / 2,
  }
}

function inWords(times: readonly number[], weights: readonly Record<string, number>[]): string {
  const last = Object.entries(weights.at(-1) ?? {}).map(([version, weight]) => `v${version} ${percent(weight)}`)
  return `Part of the answer by version, ${times.length} points; last: ${last.join(', ')}`
}
