import type { ReliabilityBin } from '#evaluation/contract'
import { percent } from '../shell/numbers.ts'
import { linear } from './scale.ts'

const SIZE = 240
const LEFT = 34
const BOTTOM = 30

/** What was promised against what came true; on the diagonal the model means what it says. The dot's area is the share of rows. */
export function Reliability({ bins }: { bins: readonly ReliabilityBin[] }) {
  const x = linear([0, 1], [LEFT, SIZE - 8])
  const y = linear([0, 1], [SIZE - BOTTOM, 8])
  const all = bins.reduce((sum, bin) => sum + bin.weight, 0) || 1
  return (
    <svg className="chart reliability" viewBox={`0 0 ${SIZE} ${SIZE}`} role="img" aria-label={inWords(bins)}>
      {[0, 0.5, 1].map((tick) => (
        <g key={tick}>
          <line className="grid" x1={x(0)} x2={x(1)} y1={y(tick)} y2={y(tick)} />
          <line className="grid" x1={x(tick)} x2={x(tick)} y1={y(0)} y2={y(1)} />
          <text x={x(tick)} y={SIZE - 16} textAnchor="middle">
            {percent(tick)}
          </text>
          <text x={LEFT - 4} y={y(tick) + 4} textAnchor="end">
            {percent(tick).replace(' %', '')}
          </text>
        </g>
      ))}
      <text x={x(0.5)} y={SIZE - 2} textAnchor="middle">
        promised
      </text>
      <line className="line reference" x1={x(0)} y1={y(0)} x2={x(1)} y2={y(1)} />
      <path
        className="line plain"
        d={bins.map((bin, i) => `${i ? 'L' : 'M'}${x(bin.meanScore)} ${y(bin.positiveRate)}`).join('')}
      />
      {bins.map((bin) => (
        <circle
          key={bin.from}
          className="dot plain"
          cx={x(bin.meanScore)}
          cy={y(bin.positiveRate)}
          r={2.5 + 9 * Math.sqrt(bin.weight / all)}
        >
          <title>{`promised ${percent(bin.meanScore)}, came true ${percent(bin.positiveRate)}`}</title>
        </circle>
      ))}
    </svg>
  )
}

function inWords(bins: readonly ReliabilityBin[]): string {
  const each = bins.map((bin) => `promised ${percent(bin.meanScore)}, came true ${percent(bin.positiveRate)}`)
  return `Calibration: ${each.join('; ')}`
}
