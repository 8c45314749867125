import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import type { SpanDetail } from '#tracing/contract'
import { Asked } from '../shell/asked.tsx'
import { bytes, count, milliseconds } from '../shell/numbers.ts'
import { Facts, Id, Skeleton } from '../shell/parts.tsx'
import { ask } from '../shell/server.ts'
import type { SpanRow } from './tree.ts'

/** What a span carried. */
export function SpanDetails({ trace, row }: { trace: string; row: SpanRow }) {
  const found = useQuery(ask('tracing', 'getSpan', { params: { trace, span: row.span.id } }))
  return (
    <Asked query={found} skeleton={<Skeleton lines={8} />}>
      {(span) => <Details span={span} row={row} />}
    </Asked>
  )
}

function Details({ span, row }: { span: SpanDetail; row: SpanRow }) {
  const attributes = Object.entries(span.attributes).filter(([key]) => !BOOKKEEPING.has(key))
  return (
    <div className="span-details">
      {span.status === 'error' && <p className="bad span-message">{span.message || 'It failed.'}</p>}
      {span.inputs !== null && <Part title="In" value={span.inputs} />}
      {span.outputs !== null && <Part title="Out" value={span.outputs} />}
      <Facts
        rows={[
          ['began after', milliseconds(row.start)],
          ['took', row.took === null ? 'still running' : milliseconds(row.took)],
          span.tokens && ['tokens', `${count(span.tokens.input)} in, ${count(span.tokens.output)} out`],
          ['span', <Id key="id" value={span.id} chars={16} />],
          ...span.links.map((link) => ['linked to', <Id key={link.span} value={link.trace} chars={14} />] as const),
        ]}
      />
      {attributes.length > 0 && (
        <Section title="Attributes">
          <Facts rows={attributes.map(([key, value]) => [key, <Value key={key} value={value} />])} />
        </Section>
      )}
      {span.events.map((event, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: events have no other identity.
        <Section key={i} title={`Event: ${event.name}`}>
          <Facts
            rows={Object.entries(event.attributes).map(([key, value]) => [key, <Value key={key} value={value} />])}
          />
        </Section>
      ))}
    </div>
  )
}

/** Known from elsewhere on the page. */
const BOOKKEEPING = new Set(['mlflow.traceRequestId', 'mlflow.spanType', 'mlflow.experimentId', 'mlflow.spanLogLevel'])

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section>
      <h3>{title}</h3>
      {children}
    </section>
  )
}

function Part({ title, value }: { title: string; value: unknown }) {
  return (
    <Section title={title}>
      <Value value={value} />
    </Section>
  )
}

/** Of longer values only the beginning is drawn until somebody wants all of it: a picture as text would hold up the page. */
const LONG = 5_000

function Value({ value }: { value: unknown }) {
  const [whole, setWhole] = useState(false)
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2)
  return (
    <>
      <pre className="value">{whole || text.length <= LONG ? text : `${text.slice(0, LONG)}…`}</pre>
      {text.length > LONG && (
        <button type="button" className="linkish" onClick={() => setWhole(!whole)}>
          {whole ? 'Show the beginning' : `Show all ${bytes(text.length)}`}
        </button>
      )}
    </>
  )
}
