import { type FormEvent, useId, useState } from 'react'
import { InlineFailure } from '../shell/failure.tsx'

const EXAMPLES = [
  'metrics.accuracy > 0.9',
  'metrics_min.loss < 0.1',
  "params.max_depth = '6'",
  "tags.team LIKE 'red%'",
  "attributes.status = 'FINISHED'",
  "datasets.name = 'iris'",
]

/** MLflow's filter as it is written in `search_runs`; what the server says against it stands right below. */
export function FilterBox({ filter, error, ask }: { filter: string; error: unknown; ask: (filter: string) => void }) {
  const [text, setText] = useState(filter)
  const [asked, setAsked] = useState(filter)
  const id = useId()
  // The address may change under the box: back, forward, a link.
  if (asked !== filter) {
    setAsked(filter)
    setText(filter)
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    ask(text.trim())
  }
  return (
    <form className="filter-box" onSubmit={submit}>
      <div className="filter-line">
        <input
          type="search"
          className={error ? 'mono invalid' : 'mono'}
          aria-label="Filter runs"
          aria-invalid={Boolean(error)}
          aria-describedby={error ? `${id}-error` : undefined}
          placeholder="metrics.accuracy > 0.9 and params.max_depth = '6'"
          spellCheck={false}
          autoComplete="off"
          value={text}
          onChange={(event) => {
            setText(event.target.value)
            // The field's own cross asks at once, as everywhere.
            if (event.target.value === '' && filter !== '') ask('')
          }}
        />
        <button type="submit" className="button">
          Filter
        </button>
      </div>
      {error !== null && (
        <div id={`${id}-error`}>
          <InlineFailure error={error} />
        </div>
      )}
      <details className="note filter-help">
        <summary>what can be written here</summary>
        <p>
          MLflow’s filter, comparisons joined by <code>and</code>; and the lowest and highest value of a metric as{' '}
          <code>metrics_min</code> and <code>metrics_max</code>. A name with other signs stands in backquotes:{' '}
          <code>metrics.`val/loss`</code>.
        </p>
        <ul className="examples">
          {EXAMPLES.map((example) => (
            <li key={example}>
              <button
                type="button"
                className="linkish mono"
                onClick={() => setText((before) => (before.trim() ? `${before.trim()} and ${example}` : example))}
              >
                {example}
              </button>
            </li>
          ))}
        </ul>
      </details>
    </form>
  )
}
