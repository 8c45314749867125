import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { DataVersion, TableDiff } from '#data/contract'
import { Asked } from '../shell/asked.tsx'
import { count, percent } from '../shell/numbers.ts'
import { Empty, Panel, SameAs, Skeleton } from '../shell/parts.tsx'
import { ask } from '../shell/server.ts'

/** What changed since another version: rows, cells, columns and distributions. */
export function ChangesView({ version }: { version: DataVersion }) {
  const { project, dataset } = version
  const versions = useQuery(ask('data', 'listDataVersions', { params: { project, dataset }, query: { limit: 100 } }))
  const [against, setAgainst] = useState<string | null>(null)
  const [key, setKey] = useState<string | null>(null)
  return (
    <Asked query={versions} skeleton={<Skeleton height={300} />}>
      {(found) => {
        const others = found.versions.filter((one) => one.id !== version.id)
        const chosen = against ?? others.find((one) => one.number < version.number)?.id ?? others[0]?.id
        if (!chosen)
          return (
            <Panel title="Changes">
              <Empty title="This is the only version">
                When there is another, what changed row by row stands here.
              </Empty>
            </Panel>
          )
        return (
          <div className="stack">
            <Panel title="Changes">
              <div className="diff-asked">
                <label>
                  since version{' '}
                  <select value={chosen} onChange={(event) => setAgainst(event.target.value)}>
                    {others.map((one) => (
                      <option key={one.id} value={one.id}>
                        {one.number} · {count(one.rows)} rows
                      </option>
                    ))}
                  </select>
                </label>
                <label>
                  rows matched by{' '}
                  <select
                    value={key ?? '?'}
                    onChange={(event) => setKey(event.target.value === '?' ? null : event.target.value)}
                  >
                    <option value="?">the identifier, if there is one</option>
                    <option value="">whole rows</option>
                    {version.schema.columns.map((column) => (
                      <option key={column.name} value={column.name}>
                        {column.name}
                      </option>
                    ))}
                  </select>
                </label>
              </div>
            </Panel>
            <Compared version={version.id} against={chosen} by={key} />
          </div>
        )
      }}
    </Asked>
  )
}

function Compared({ version, against, by }: { version: string; against: string; by: string | null }) {
  // No column is a list without any: what is empty is not sent.
  const key = by === '' ? ',' : by
  const call = { params: { version }, query: { against, ...(key !== null && { key }) } }
  const diff = useQuery(ask('data', 'diffDataVersions', call))
  const address = `/api/data-versions/${version}/diff?against=${against}${key === null ? '' : `&key=${encodeURIComponent(key)}`}`
  return (
    <Asked query={diff} skeleton={<Skeleton height={300} />}>
      {(found) => (
        <>
          <Diff diff={found} />
          <SameAs api={address} cli={`orrery data diff-table ${against} ${version}`} />
        </>
      )}
    </Asked>
  )
}

const PARTS = ['removed', 'changed', 'unchanged', 'added'] as const

function Diff({ diff }: { diff: TableDiff }) {
  const { rows, schema, columns, samples, key } = diff
  const same = diff.added + diff.removed + diff.changed === 0
  const most = Math.max(1, ...columns.map((one) => one.changed))
  const told = columns
    .filter((one) => one.changed > 0 || moved(one))
    .toSorted((a, b) => b.changed - a.changed || (b.psi ?? 0) - (a.psi ?? 0))
  return (
    <>
      <Panel
        title="Rows"
        note={`${count(rows.before)} before, ${count(rows.after)} after, ${key ? `matched by ${key.join(', ')}` : 'compared as whole rows'}`}
      >
        <div className="diff-bar" aria-hidden="true">
          {PARTS.map((part) => diff[part] > 0 && <i key={part} className={part} style={{ flexGrow: diff[part] }} />)}
        </div>
        <ul className="legend">
          {PARTS.map((part) => (
            <li key={part}>
              <i className={`swatch ${part}`} aria-hidden="true" />
              {part} {count(diff[part])}
            </li>
          ))}
        </ul>
        {same && (
          <p className="note">
            The same rows{schema.added.length + schema.removed.length > 0 ? ', in other columns' : ''}.
          </p>
        )}
      </Panel>
      {schema.added.length + schema.removed.length + schema.retyped.length > 0 && (
        <Panel title="Columns that came, went or hold something else">
          <ul className="schema-changes">
            {schema.added.map((name) => (
              <li key={name}>
                + <code>{name}</code>
              </li>
            ))}
            {schema.removed.map((name) => (
              <li key={name}>
                − <code>{name}</code>
              </li>
            ))}
            {schema.retyped.map((one) => (
              <li key={one.column}>
                ~ <code>{one.column}</code> {one.before} is {one.after}
              </li>
            ))}
          </ul>
        </Panel>
      )}
      {told.length > 0 && (
        <Panel title="Columns" note="cells that changed, and how far the values moved (PSI: from 0.25 on, a lot)">
          <div className="scroll-x">
            <table className="diff-columns">
              <thead>
                <tr>
                  <th>column</th>
                  <th>changed cells</th>
                  <th className="number">PSI</th>
                </tr>
              </thead>
              <tbody>
                {told.map((one) => (
                  <tr key={one.name}>
                    <td>
                      <code>{one.name}</code>
                    </td>
                    <td>
                      <span className="cell-bar">
                        <i style={{ width: `${(one.changed / most) * 100}%` }} />
                      </span>
                      {count(one.changed)}
                      {diff.changed > 0 && one.changed > 0 && (
                        <span className="note"> {percent(one.changed / diff.changed)} of the changed rows</span>
                      )}
                    </td>
                    <td
                      className="number"
                      title={one.noise === null ? undefined : `by chance up to ${one.noise.toFixed(3)}`}
                    >
                      {one.psi === null ? '–' : one.psi.toFixed(3)}
                      {moved(one) && <b> moved</b>}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </Panel>
      )}
      {samples.changed.length > 0 && (
        <Panel title="Changed rows" note={`the first ${samples.changed.length}`}>
          <ul className="changed-rows">
            {samples.changed.map((row) => (
              <li key={row.key.join()}>
                <b className="mono">{row.key.map((one) => one ?? 'missing').join(', ')}</b>
                {row.cells.map((cell) => (
                  <span key={cell.column}>
                    <code>{cell.column}</code> <del>{cell.before ?? 'missing'}</del>{' '}
                    <ins>{cell.after ?? 'missing'}</ins>
                  </span>
                ))}
              </li>
            ))}
          </ul>
        </Panel>
      )}
      <SomeRows title="Added rows" columns={samples.columns} rows={samples.added} />
      <SomeRows title="Removed rows" columns={samples.columns} rows={samples.removed} />
    </>
  )
}

function moved({ psi, noise }: TableDiff['columns'][number]): boolean {
  return psi !== null && psi > Math.max(0.1, noise ?? 0)
}

export function SomeRows({
  title,
  columns,
  rows,
}: {
  title: string
  columns: readonly string[]
  rows: readonly (readonly (string | null)[])[]
}) {
  if (rows.length === 0) return null
  return (
    <Panel title={title} note={`the first ${rows.length}`}>
      <div className="scroll-x">
        <table>
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column}>{column}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: rows of a table without a key have no other identity.
              <tr key={i}>
                {row.map((cell, at) => (
                  <td key={columns[at]}>{cell ?? <span className="note">missing</span>}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  )
}
