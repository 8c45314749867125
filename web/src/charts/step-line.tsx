import { figure } from '../shell/numbers.ts'
import { linePath } from './path.ts'
import { linear } from './scale.ts'
import { useWidth } from './size.ts'

export interface StepPoint {
  readonly step: number
  /** Null where the training logged no number. */
  readonly value: number | null
}

const HEIGHT = 76
const AIR = 8

/** One metric along the steps of a training, its best step marked. */
export function StepLine({
  name,
  points,
  best,
}: {
  name: string
  points: readonly StepPoint[]
  best: 'higher' | 'lower'
}) {
  const [box, width] = useWidth()
  const known = points.filter((point): point is { step: number; value: number } => point.value !== null)
  const values = known.map((point) => point.value)
  const x = linear([points[0]?.step ?? 0, points.at(-1)?.step ?? 1], [AIR, Math.max(AIR + 1, width - AIR)])
  const y = linear([Math.min(...values), Math.max(...values)], [HEIGHT - AIR, AIR])
  const top = best === 'higher' ? Math.max(...values) : Math.min(...values)
  const at = known.find((point) => point.value === top)
  const last = known.at(-1)
  return (
    <figure className="step-line">
      <figcaption>
        {name}
        {at && last && (
          <span className="note">
            best {figure(at.value)} at step {at.step}, last {figure(last.value)} at step {last.step}
          </span>
        )}
      </figcaption>
      <div ref={box}>
        {width > 0 && (
          <svg className="chart" width={width} height={HEIGHT} aria-hidden="true">
            <line className="grid" x1={0} x2={width} y1={HEIGHT - 1} y2={HEIGHT - 1} />
            <path
              className="line plain"
              d={linePath(
                points.map((point) => x(point.step)),
                points.map((point) => point.value),
                y,
              )}
            />
            {at && (
              <circle className="dot plain" cx={x(at.step)} cy={y(at.value)} r={4}>
                <title>{`best: ${figure(at.value)} at step ${at.step}`}</title>
              </circle>
            )}
          </svg>
        )}
      </div>
    </figure>
  )
}
