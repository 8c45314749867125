import type { ExpectationResult } from '#data/contract'
import { Mark, type Tone } from '../shell/parts.tsx'

export function toneOf({ passed, otherwise, setAside }: ExpectationResult): Tone {
  if (passed) return 'ok'
  return otherwise === 'warn' || setAside ? 'warn' : 'bad'
}

function followed({ otherwise, setAside, skew }: ExpectationResult): string {
  const kind = skew === 'schema' ? 'schema skew' : 'value skew'
  if (setAside) return `${kind}; the rows are set aside`
  if (otherwise === 'quarantine') return `${kind}; sets rows aside`
  return `${kind}; ${otherwise === 'warn' ? 'warns' : 'stops'}`
}

/** Those that do not hold first. */
export function ResultList({ results }: { results: readonly ExpectationResult[] }) {
  const ordered = results.toSorted((a, b) => Number(a.passed) - Number(b.passed))
  return (
    <ul className="expectations">
      {ordered.map((result, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the same thing may be expected twice.
        <li key={i}>
          <Mark tone={toneOf(result)} />
          <span>
            {result.expectation}{' '}
            <span className="note">
              {result.observed}
              {!result.passed && ` (${followed(result)})`}
            </span>
          </span>
        </li>
      ))}
    </ul>
  )
}
