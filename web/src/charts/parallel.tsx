import { figure } from '../shell/numbers.ts'
import { linear, type Scale } from './scale.ts'
import { useWidth } from './size.ts'

export interface ParallelAxis {
  readonly name: string
  /** One for each line; null where there is none. */
  readonly values: readonly (number | string | null)[]
}

export interface ParallelLine {
  readonly id: string
  readonly name: string
  readonly look: number
}

const HEIGHT = 260
const TOP = 46
const BOTTOM = 18
const SIDE = 70

/** Runs as lines across axes, one for each thing they differ in: what goes with a good last axis is seen at once. */
export function Parallel({ axes, lines }: { axes: readonly ParallelAxis[]; lines: readonly ParallelLine[] }) {
  const [box, width] = useWidth()
  const x = (i: number) => SIDE + (i * Math.max(1, width - 2 * SIDE)) / Math.max(1, axes.length - 1)
  const scales = axes.map(scaleOf)
  return (
    <div ref={box} className="parallel">
      {width > 0 && (
        <svg className="chart" width={width} height={HEIGHT} role="img" aria-label={`Runs across ${axes.length} axes`}>
          {axes.map((axis, i) => (
            <g key={axis.name}>
              <line className="notch" x1={x(i)} x2={x(i)} y1={TOP} y2={HEIGHT - BOTTOM} />
              <text x={x(i)} y={14} textAnchor="middle" className="axis-name">
                <title>{axis.name}</title>
                {axis.name.length > 20 ? `${axis.name.slice(0, 19)}…` : axis.name}
              </text>
              {scales[i]!.ends.map(({ text, at }) => (
                <text key={at} x={x(i)} y={at < HEIGHT / 2 ? at - 5 : at + 14} textAnchor="middle" className="tick">
                  {text}
                </text>
              ))}
            </g>
          ))}
          {lines.map((line, n) => {
            const points = axes.flatMap((axis, i) => {
              const at = scales[i]!.place(axis.values[n] ?? null)
              return at === null ? [] : [`${x(i).toFixed(1)} ${at.toFixed(1)}`]
            })
            return (
              <path key={line.id} className={`line series-${line.look % 8}`} d={`M${points.join('L')}`}>
                <title>{line.name}</title>
              </path>
            )
          })}
        </svg>
      )}
    </div>
  )
}

interface AxisScale {
  place(value: number | string | null): number | null
  readonly ends: readonly { text: string; at: number }[]
}

/** Numbers by their size; anything else by its order among the others. */
function scaleOf({ values }: ParallelAxis): AxisScale {
  const known = values.filter((value) => value !== null)
  const numbers = known.map(Number)
  const range = [HEIGHT - BOTTOM, TOP] as const
  if (known.length > 0 && numbers.every(Number.isFinite)) {
    const [low, high] = [Math.min(...numbers), Math.max(...numbers)]
    const y = low === high ? flat(range) : linear([low, high], range)
    const ends = low === high ? [low] : [low, high]
    return {
      place: (value) => (value === null ? null : y(Number(value))),
      ends: ends.map((end) => ({ text: figure(end), at: y(end) })),
    }
  }
  const words = [...new Set(known.map(String))].sort()
  const y = words.length < 2 ? flat(range) : linear([0, words.length - 1], range)
  const short = (word: string) => (word.length > 14 ? `${word.slice(0, 13)}…` : word)
  return {
    place: (value) => (value === null ? null : y(words.indexOf(String(value)))),
    ends: words.map((word, i) => ({ text: short(word), at: y(i) })),
  }
}

const flat = ([bottom, top]: readonly [number, number]): Scale =>
  Object.assign(() => (bottom + top) / 2, { invert: () => 0, domain: [0, 0] as const })
