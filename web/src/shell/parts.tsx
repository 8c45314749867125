/** The parts every page is made of. */
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { useCopy } from './copied.ts'
import { useHeld } from './held.ts'
import { useNow } from './now.ts'
import { plural } from './numbers.ts'
import { ago, exactly } from './times.ts'

export function Panel({
  title,
  note,
  aside,
  children,
  className = '',
  id,
}: {
  title: ReactNode
  note?: ReactNode
  aside?: ReactNode
  children: ReactNode
  className?: string
  id?: string
}) {
  return (
    <section className={`panel ${className}`} id={id}>
      <header className="panel-head">
        <h2>{title}</h2>
        {note && <span className="note">{note}</span>}
        {aside && <div className="aside">{aside}</div>}
      </header>
      {children}
    </section>
  )
}

export function PageHead({
  crumbs = [],
  title,
  badge,
  children,
  actions,
}: {
  crumbs?: { to: string; text: string }[]
  title: ReactNode
  badge?: ReactNode
  children?: ReactNode
  actions?: ReactNode
}) {
  return (
    <div className="page-head">
      {crumbs.length > 0 && (
        <nav className="crumbs" aria-label="Where this page stands">
          {crumbs.map((crumb) => (
            <span key={crumb.to}>
              <Link to={crumb.to}>{crumb.text}</Link>
              <span aria-hidden="true"> / </span>
            </span>
          ))}
        </nav>
      )}
      <div className="title-line">
        <h1>{title}</h1>
        {badge}
        {actions && <div className="actions">{actions}</div>}
      </div>
      {children && <p className="lead">{children}</p>}
    </div>
  )
}

export type Tone = 'ok' | 'warn' | 'bad' | 'busy' | 'idle'

/** A state as a shape and a word: colour alone tells nobody who cannot see it. */
export function State({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <span className={`state ${tone}`}>
      <Mark tone={tone} />
      {children}
    </span>
  )
}

export function Mark({ tone }: { tone: Tone }) {
  return (
    <svg className={`mark ${tone}`} viewBox="0 0 12 12" width="10" height="10" aria-hidden="true">
      {tone === 'ok' && <circle cx="6" cy="6" r="5" />}
      {tone === 'warn' && <path d="M6 .8 11.6 11H.4z" />}
      {tone === 'bad' && <path d="M6 .5 11.5 6 6 11.5.5 6z" />}
      {tone === 'idle' && <circle className="hollow" cx="6" cy="6" r="4.2" />}
      {tone === 'busy' && (
        <>
          <circle className="hollow" cx="6" cy="6" r="4.2" />
          <path d="M6 1.8a4.2 4.2 0 0 0 0 8.4z" />
        </>
      )}
    </svg>
  )
}

export function Badge({ children, tone, title }: { children: ReactNode; tone?: Tone | 'simulated'; title?: string }) {
  return (
    <span className={`badge ${tone ?? ''}`} title={title}>
      {children}
    </span>
  )
}

/** An id, short to read and whole to copy. */
export function Id({
  value,
  to,
  chars = 8,
  tail = true,
}: {
  value: string
  to?: string
  chars?: number
  tail?: boolean
}) {
  const [copied, copy] = useCopy()
  // The algorithm is the same everywhere; it is copied with the value, and need not be read each time.
  const bare = value.replace(/^sha256:/, '')
  // Ids made one after another begin alike (time first), hashes do not: `tail` keeps the end, which differs.
  const cut = tail ? `${bare.slice(0, 4)}…${bare.slice(4 - chars)}` : `${bare.slice(0, chars)}…`
  const short = bare.length <= chars + 2 ? bare : cut
  return (
    <span className="id">
      {to ? (
        <Link to={to} title={value}>
          {short}
        </Link>
      ) : (
        <span title={value}>{short}</span>
      )}
      <button
        type="button"
        className="copy"
        onClick={() => copy(value)}
        aria-label={copied ? 'Copied' : `Copy ${value}`}
        title="Copy"
      >
        <svg viewBox="0 0 14 14" width="12" height="12" aria-hidden="true">
          <path className="copy-sign" d={copied ? 'M2 7.5l3.4 3.4L12 3.6' : 'M4.5 4.5V1.5h8v8h-3M1.5 4.5h8v8h-8z'} />
        </svg>
      </button>
    </span>
  )
}

/** Clock time: how long ago, exactly when on hovering. */
export function Ago({ at }: { at: number }) {
  const now = useNow()
  return (
    <time dateTime={new Date(at).toISOString()} title={exactly(at)}>
      {ago(at, Math.max(now, at))}
    </time>
  )
}

/** Nothing here yet: what would be, and the one command that fills it. */
export function Empty({ title, children, command }: { title: string; children?: ReactNode; command?: string }) {
  return (
    <div className="empty">
      <p className="empty-title">{title}</p>
      {children && <p>{children}</p>}
      {command && <Command text={command} />}
    </div>
  )
}

/** A command to copy. */
export function Command({ text }: { text: string }) {
  const [copied, copy] = useCopy()
  return (
    <button type="button" className="command" title="Copy" onClick={() => copy(text)}>
      <code>{text}</code>
      <span className="command-hint" aria-live="polite">
        {copied ? 'copied' : 'copy'}
      </span>
    </button>
  )
}

/** The shape of what is coming; widths vary so that it reads as text. */
export function Skeleton({ lines = 3, height }: { lines?: number; height?: number }) {
  if (height) return <div className="skeleton block" style={{ height }} aria-hidden="true" />
  return (
    <div className="skeleton" aria-hidden="true">
      {Array.from({ length: lines }, (_, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines of a placeholder have no other identity.
        <i key={line} style={{ width: `${[92, 71, 84, 63][line % 4]}%` }} />
      ))}
    </div>
  )
}

/** Facts as pairs. */
export function Facts({ rows }: { rows: (readonly [name: string, value: ReactNode] | null | false)[] }) {
  return (
    <dl className="facts">
      {rows.map(
        (row) =>
          row && (
            <div key={row[0]}>
              <dt>{row[0]}</dt>
              <dd>{row[1]}</dd>
            </div>
          ),
      )}
    </dl>
  )
}

/** How to get the same without this page. */
export function SameAs({ api, cli }: { api: string; cli?: string }) {
  return (
    <details className="same-as">
      <summary>as API call{cli ? ' and command' : ''}</summary>
      <Command text={`curl ${location.origin}${api}`} />
      {cli && <Command text={cli} />}
    </details>
  )
}

/** What is shown stays while it is read; a list that has grown meanwhile says so. */
export function Steady<Value>({
  value,
  question,
  newerText,
  children,
}: {
  value: Value
  /** What was asked (range, order, page): when it changes, the new answer shows at once. */
  question?: string
  /** What the button says when there is news worth a button: "2 newer runs"; null when there is not. */
  newerText?: (shown: Value, latest: Value) => string | null
  children: (shown: Value) => ReactNode
}) {
  const { shown, area, newer, release } = useHeld(value, question)
  const text = newer ? newerText?.(shown, value) : null
  return (
    <div ref={area}>
      {text && (
        <button type="button" className="newer" onClick={release}>
          {text}
        </button>
      )}
      {children(shown)}
    </div>
  )
}

/** "2 newer runs" by the ids that were not there before. */
export function newerBy<Row>(id: (row: Row) => string | number, one: string) {
  return (shown: readonly Row[], latest: readonly Row[]): string | null => {
    const known = new Set(shown.map(id))
    const added = latest.filter((row) => !known.has(id(row))).length
    return added > 0 ? `Show ${plural(added, `newer ${one}`)}` : null
  }
}

/** The next page of a list, when there is one. */
export function More({
  query,
}: {
  query: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => unknown }
}) {
  if (!query.hasNextPage) return null
  return (
    <button
      type="button"
      className="button more"
      disabled={query.isFetchingNextPage}
      onClick={() => query.fetchNextPage()}
    >
      {query.isFetchingNextPage ? 'Loading…' : 'Show more'}
    </button>
  )
}
