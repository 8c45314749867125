import { useState } from 'react'
import type { ColumnFlag, ColumnProfile } from '#data/contract'
import { Bars } from '../charts/bars.tsx'
import { count, figure, percent } from '../shell/numbers.ts'
import { Badge } from '../shell/parts.tsx'
import { eventMinute } from '../shell/times.ts'

const FLAGS: Record<ColumnFlag, string> = {
  identifier: 'identifier, no feature',
  constant: 'constant',
  empty: 'empty',
  high_cardinality: 'hardly repeats',
  leakage: 'may leak the label',
  became_constant: 'no longer varies',
  mostly_missing: 'mostly missing',
  nearly_constant: 'hardly varies',
  redundant: 'says what another says',
  personal: 'may be personal',
}
const WORRYING: readonly ColumnFlag[] = ['leakage', 'became_constant', 'personal']
const FEW = 40

/** One card for each column: its shape, its middle and ends, what is missing. */
export function Columns({ columns, rows }: { columns: readonly ColumnProfile[]; rows: number }) {
  const [sought, setSought] = useState('')
  const [all, setAll] = useState(false)
  const found = columns.filter((column) => column.name.toLowerCase().includes(sought.toLowerCase()))
  const shown = all ? found : found.slice(0, FEW)
  return (
    <>
      {columns.length > 12 && (
        <input
          type="search"
          aria-label="Find a column"
          placeholder="Find a column"
          value={sought}
          onChange={(event) => setSought(event.target.value)}
        />
      )}
      <ul className="columns">
        {shown.map((column) => (
          <li key={column.name}>
            <h3>
              <span className="column-name" title={column.name}>
                {column.name}
              </span>
              <span className="note">{column.type}</span>
            </h3>
            <Shape column={column} />
            <p className="note">
              {ends(column)}
              {column.missing > 0 && <b> · {percent(column.missing / Math.max(1, rows))} missing</b>}
            </p>
            {column.flags.map((flag) => (
              <Badge key={flag} tone={WORRYING.includes(flag) ? 'warn' : 'idle'}>
                {FLAGS[flag]}
              </Badge>
            ))}
          </li>
        ))}
      </ul>
      {found.length > FEW && (
        <button type="button" className="linkish" onClick={() => setAll(!all)}>
          {all ? 'fewer' : `all ${count(found.length)} columns`}
        </button>
      )}
      {found.length === 0 && <p className="note">No column is called “{sought}”.</p>}
    </>
  )
}

function Shape({ column }: { column: ColumnProfile }) {
  if (column.numbers) {
    const { edges, counts } = column.numbers.histogram
    const bins = counts.map((n, i) => ({ name: `${figure(edges[i])} to ${figure(edges[i + 1])}`, n }))
    return <Bars bins={bins} label={`Histogram of ${column.name}: ${ends(column)}`} />
  }
  if (column.categories) {
    const bins = column.categories.top.map(({ value, count: n }) => ({ name: value, n }))
    if (column.categories.other > 0) bins.push({ name: 'any other', n: column.categories.other })
    return <Bars bins={bins} label={`Counts of ${column.name}: ${ends(column)}`} />
  }
  return <div className="no-shape" />
}

function ends(column: ColumnProfile): string {
  if (column.numbers) {
    const { min, max, quantiles } = column.numbers
    // A year is no amount: whole numbers of four digits stand as they are.
    const shown = (value: number) => (column.integer && Math.abs(value) < 10_000 ? String(value) : figure(value))
    return `${shown(min)} · median ${shown(quantiles.p50)} · ${shown(max)}`
  }
  if (column.times) return `${eventMinute(column.times.from)} to ${eventMinute(column.times.to)}`
  const top = column.categories?.top[0]
  return `${count(column.distinct)} different${top ? ` · mostly ${top.value}` : ''}`
}
