import { useState } from 'react'
import { useCopy } from '../shell/copied.ts'
import { LANGUAGES, type Language, requestCode, type WrittenRequest } from './request-code.ts'

/** The request that is written above, as code to take along. */
export function AsCode({ requests }: { requests: Readonly<Record<string, WrittenRequest>> }) {
  const ways = Object.keys(requests)
  const [chosen, setWay] = useState(ways[0]!)
  const [language, setLanguage] = useState<Language>('curl')
  const [copied, copy] = useCopy()
  const way = requests[chosen] ? chosen : ways[0]!
  const code = requestCode(language, requests[way]!)
  return (
    <details className="as-code">
      <summary>The same as code</summary>
      <div className="as-code-head">
        <Choice label="Language" of={LANGUAGES} value={language} choose={setLanguage} />
        {ways.length > 1 && <Choice label="Protocol" of={ways} value={way} choose={setWay} />}
        <button type="button" className="button small" onClick={() => copy(code)} aria-live="polite">
          {copied ? 'Copied' : 'Copy'}
        </button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard. */}
      <section aria-label={`${way} in ${language}`} tabIndex={0}>
        <pre>
          <code>{code}</code>
        </pre>
      </section>
    </details>
  )
}

function Choice<Of extends string>({
  label,
  of,
  value,
  choose,
}: {
  label: string
  of: readonly Of[]
  value: Of
  choose: (one: Of) => void
}) {
  return (
    <select aria-label={label} value={value} onChange={(event) => choose(event.target.value as Of)}>
      {of.map((one) => (
        <option key={one}>{one}</option>
      ))}
    </select>
  )
}
