import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { InlineFailure } from '../shell/failure.tsx'
import { Facts, Panel } from '../shell/parts.tsx'
import { isLink, isOfClient, NOTE } from './tag-words.ts'

interface Tag {
  key: string
  value: string
}

/** Tags to read, set and remove; those that the client set by itself stand folded below. */
export function TagsPanel({
  tags,
  about,
  locked,
  set,
  remove,
  className = '',
}: {
  tags: Readonly<Record<string, string>>
  about: string
  /** In the bin nothing is written. */
  locked: boolean
  set: (tag: Tag) => Promise<unknown>
  remove: (key: string) => Promise<unknown>
  className?: string
}) {
  const queries = useQueryClient()
  const change = useMutation({
    mutationFn: (action: () => Promise<unknown>) => action(),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['tracking'] }),
  })
  const all = Object.entries(tags).filter(([key]) => !isLink(key) && key !== NOTE)
  const own = all.filter(([key]) => !isOfClient(key))
  const clients = all.filter(([key]) => isOfClient(key))
  return (
    <Panel title="Tags" className={className}>
      {own.length === 0 && <p className="note">No tag of {about}.</p>}
      {own.length > 0 && (
        <ul className="tag-list">
          {own.map(([key, value]) => (
            <li key={key}>
              <span className="tag-key">{key}</span>
              <span className="mono tag-value">{value}</span>
              {!locked && (
                <button
                  type="button"
                  className="linkish"
                  disabled={change.isPending}
                  onClick={() => change.mutate(() => remove(key))}
                >
                  remove<span className="visually-hidden"> the tag {key}</span>
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
      {!locked && <SetTag busy={change.isPending} set={(tag) => change.mutate(() => set(tag))} />}
      {change.isError && <InlineFailure error={change.error} />}
      {clients.length > 0 && (
        <details className="client-tags">
          <summary className="note">set by the client</summary>
          <Facts
            rows={clients.map(([key, value]) => [
              key,
              <span key={key} className="mono long-value">
                {value}
              </span>,
            ])}
          />
        </details>
      )}
    </Panel>
  )
}

function SetTag({ busy, set }: { busy: boolean; set: (tag: Tag) => void }) {
  const [key, setKey] = useState('')
  const [value, setValue] = useState('')
  return (
    <form
      className="set-tag"
      onSubmit={(event) => {
        event.preventDefault()
        set({ key: key.trim(), value })
        setKey('')
        setValue('')
      }}
    >
      <input
        aria-label="Key of a tag"
        placeholder="key"
        maxLength={250}
        value={key}
        onChange={(event) => setKey(event.target.value)}
      />
      <input
        aria-label="Value of the tag"
        placeholder="value"
        maxLength={8000}
        value={value}
        onChange={(event) => setValue(event.target.value)}
      />
      <button type="submit" className="button" disabled={busy || key.trim() === ''}>
        Set tag
      </button>
    </form>
  )
}
