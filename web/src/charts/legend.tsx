import type { EventMark, Series } from './series.ts'

export function Legend({
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
