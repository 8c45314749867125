import { useMemo, useRef, useState } from 'react'
import type { RunLine } from '#tracking/contract'
import { metricName } from '../shell/metrics.ts'
import { plural } from '../shell/numbers.ts'
import { type ColumnKind, column, knownColumns } from './columns.ts'

/** A run may have thousands of params: what is looked for is written, not scrolled to. */
const MOST_LISTED = 60

/** Which metrics, params and tags stand in the table; of a metric also its lowest and its highest value. */
export function ColumnChoice({
  runs,
  chosen,
  choose,
}: {
  runs: readonly RunLine[]
  chosen: readonly string[]
  /** Null for what is shown without a choice. */
  choose: (columns: string[] | null) => void
}) {
  const [text, setText] = useState('')
  const menu = useRef<HTMLDetailsElement>(null)
  const known = useMemo(() => knownColumns(runs), [runs])
  const listed = (keys: readonly string[]) => {
    const found = keys.filter((key) => key.toLowerCase().includes(text.toLowerCase()))
    return { shown: found.slice(0, MOST_LISTED), more: Math.max(0, found.length - MOST_LISTED) }
  }
  const box = (kind: ColumnKind, key: string, label: string, name: string) => {
    const { id } = column(kind, key)
    return (
      <label key={id} className="check">
        <input
          type="checkbox"
          aria-label={name}
          checked={chosen.includes(id)}
          onChange={(event) => choose(event.target.checked ? [...chosen, id] : chosen.filter((each) => each !== id))}
        />
        {label}
      </label>
    )
  }
  const metrics = listed(known.metrics)
  return (
    <details
      className="menu columns-menu"
      ref={menu}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !menu.current) return
        menu.current.open = false
        menu.current.querySelector('summary')?.focus()
      }}
      onBlur={(event) => {
        // A click on text inside moves the focus nowhere.
        if (event.relatedTarget && !event.currentTarget.contains(event.relatedTarget)) event.currentTarget.open = false
      }}
    >
      <summary>Columns</summary>
      <div className="menu-list">
        <input
          type="search"
          aria-label="Find a column"
          placeholder="Find a metric, param or tag"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <div className="columns-list">
          {metrics.shown.length > 0 && <h3>Metrics</h3>}
          {metrics.shown.map((key) => (
            <div key={key} className="column-metric">
              <span className="column-key">{metricName(key)}</span>
              {box('metric', key, 'last', `last ${key}`)}
              {box('metric_min', key, 'lowest', `lowest ${key}`)}
              {box('metric_max', key, 'highest', `highest ${key}`)}
            </div>
          ))}
          {metrics.more > 0 && <p className="note">and {plural(metrics.more, 'more metric')}</p>}
          {(['param', 'tag'] as const).map((kind) => {
            const { shown, more } = listed(known[`${kind}s`])
            if (shown.length === 0) return null
            return (
              <div key={kind}>
                <h3>{kind === 'param' ? 'Params' : 'Tags'}</h3>
                {shown.map((key) => box(kind, key, key, `${kind} ${key}`))}
                {more > 0 && <p className="note">and {more} more</p>}
              </div>
            )
          })}
        </div>
        <button type="button" className="linkish" onClick={() => choose(null)}>
          As at first
        </button>
      </div>
    </details>
  )
}
