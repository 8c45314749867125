import { count } from '../shell/numbers.ts'

/** A small histogram: the shape of a column at a glance, its bins on hovering. */
export function Bars({ bins, label }: { bins: readonly { name: string; n: number }[]; label: string }) {
  const most = Math.max(1, ...bins.map((bin) => bin.n))
  const width = 100 / Math.max(1, bins.length)
  return (
    <svg className="bars" viewBox="0 0 100 40" preserveAspectRatio="none" role="img" aria-label={label}>
      <line className="grid" x1="0" x2="100" y1="39.5" y2="39.5" />
      {bins.map((bin, i) => {
        const height = bin.n === 0 ? 0 : Math.max(1, (bin.n / most) * 38)
        return (
          <g key={bin.name}>
            <rect x={i * width + width * 0.06} y={39.5 - height} width={width * 0.88} height={height} />
            <rect className="hit" x={i * width} y={0} width={width} height={40}>
              <title>{`${bin.name}: ${count(bin.n)}`}</title>
            </rect>
          </g>
        )
      })}
    </svg>
  )
}
