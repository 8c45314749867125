import type { Profile, Relation } from '#data/contract'
import { count, percent } from '../shell/numbers.ts'
import { Mark, Panel } from '../shell/parts.tsx'

const MOST = 16
const CELL = 26
const MEASURES: Record<Relation['measure'], string> = {
  spearman: 'rank correlation',
  cramers_v: 'Cramér’s V',
  correlation_ratio: 'correlation ratio',
}

/** How columns hang together, and what else a profile found beyond each column's shape. */
export function Depth({ profile }: { profile: Profile }) {
  const { depth } = profile
  if (!depth) return null
  const outlying = Object.entries(depth.columns)
    .flatMap(([name, { outliers }]) => (outliers && outliers.rows > 0 ? [{ name, rows: outliers.rows }] : []))
    .sort((a, b) => b.rows - a.rows)
  const texts = Object.entries(depth.columns).flatMap(([name, { text }]) => (text ? [{ name, text }] : []))
  return (
    <>
      {(depth.personal.length > 0 || depth.repeated.rows > 0 || outlying.length > 0) && (
        <Panel title="Worth a look">
          {depth.personal.map((one) => (
            <p key={one.column} className="warning">
              <Mark tone="warn" />
              <span>
                <code>{one.column}</code> may be personal ({one.kind.replaceAll('_', ' ')}): {one.reason}
              </span>
            </p>
          ))}
          {depth.repeated.rows > 0 && (
            <p className="warning">
              <Mark tone="warn" />
              <span>
                {depth.repeated.exact ? '' : 'about '}
                {count(depth.repeated.rows)} rows repeat an earlier one ({percent(depth.repeated.rows / profile.rows)})
              </span>
            </p>
          )}
          {outlying.length > 0 && (
            <p className="warning">
              <Mark tone="idle" />
              <span>
                far out, beyond three interquartile ranges:{' '}
                {outlying.slice(0, 6).map((one, i) => (
                  <span key={one.name}>
                    {i > 0 && ', '}
                    <code>{one.name}</code> {count(one.rows)} rows
                  </span>
                ))}
              </span>
            </p>
          )}
        </Panel>
      )}
      {depth.relations.length > 0 && (
        <Panel title="Relations" note={`of ${count(depth.sampled)} rows; 0 is none, 1 is complete`}>
          <Matrix relations={depth.relations} />
        </Panel>
      )}
      {texts.length > 0 && (
        <Panel title="Texts" note="of a sample">
          <div className="scroll-x">
            <table>
              <thead>
                <tr>
                  <th>column</th>
                  <th className="number">characters</th>
                  <th className="number">words</th>
                  <th className="number">ASCII</th>
                  <th>written in</th>
                </tr>
              </thead>
              <tbody>
                {texts.slice(0, 30).map(({ name, text }) => (
                  <tr key={name}>
                    <td>
                      <code>{name}</code>
                    </td>
                    <td className="number">
                      {text.shortest} to {text.longest}
                    </td>
                    <td className="number">{text.words.toFixed(1)}</td>
                    <td className="number">{percent(text.ascii)}</td>
                    <td>{scripts(text.scripts)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </Panel>
      )}
    </>
  )
}

function scripts(shares: Record<string, number>): string {
  const found = Object.entries(shares).filter(([, share]) => share > 0)
  if (found.length === 0) return 'no letters'
  return found
    .sort((a, b) => b[1] - a[1])
    .slice(0, 3)
    .map(([script, share]) => (share > 0.995 ? script : `${script} ${percent(share)}`))
    .join(', ')
}

/** The columns with the strongest relations, each against each; the figure is in the cell, so that colour only helps. */
function Matrix({ relations }: { relations: readonly Relation[] }) {
  const names: string[] = []
  for (const { a, b } of relations)
    for (const one of [a, b]) if (!names.includes(one) && names.length < MOST) names.push(one)
  const of = new Map(
    relations.flatMap((one) => [[`${one.a}\n${one.b}`, one] as const, [`${one.b}\n${one.a}`, one] as const]),
  )
  return (
    <div className="scroll-x">
      <table className="relations">
        <tbody>
          {names.map((row, i) => (
            <tr key={row}>
              <th scope="row">{row}</th>
              {names.slice(0, i).map((column) => {
                const found = of.get(`${row}\n${column}`)
                const value = found?.value ?? 0
                return (
                  <td
                    key={column}
                    title={
                      found
                        ? `${row} and ${column}: ${MEASURES[found.measure]} ${value.toFixed(2)}`
                        : `${row} and ${column}: below 0.1`
                    }
                    className={value < 0 ? 'against' : undefined}
                    style={{ '--strength': Math.abs(value), width: CELL } as React.CSSProperties}
                  >
                    {found ? value.toFixed(1).replace('0.', '.').replace('-', '−') : ''}
                  </td>
                )
              })}
              <td className="self" aria-hidden="true" />
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th />
            {names.map((name) => (
              <th key={name} className="below">
                <span>{name}</span>
              </th>
            ))}
          </tr>
        </tfoot>
      </table>
    </div>
  )
}
