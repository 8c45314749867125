import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { InlineFailure } from '../shell/failure.tsx'
import { Badge, Panel } from '../shell/parts.tsx'

interface Notes {
  description: string
  tags: Readonly<Record<string, string>>
}

interface NotesChange {
  description?: string
  tags?: Record<string, string | null>
}

const OWN_TAGS = ['orrery.graph', 'orrery.composition']

/** What people say about a model or a version, to read and to change. */
export function NotesPanel({
  notes,
  save,
  about,
}: {
  notes: Notes
  save: (change: NotesChange) => Promise<unknown>
  about: string
}) {
  const queries = useQueryClient()
  const [editing, setEditing] = useState(false)
  const change = useMutation({
    mutationFn: save,
    onSuccess: () => queries.invalidateQueries({ queryKey: ['registry'] }),
  })
  // What the server notes for itself is shown where it means something.
  const tags = Object.entries(notes.tags).filter(([key]) => !OWN_TAGS.includes(key))
  return (
    <Panel
      title="Description and tags"
      aside={
        <button type="button" className="button" onClick={() => setEditing(!editing)} aria-expanded={editing}>
          {editing ? 'Done' : 'Edit'}
        </button>
      }
    >
      {editing ? (
        <>
          <Description notes={notes} about={about} busy={change.isPending} save={change.mutate} />
          <AddTag about={about} busy={change.isPending} save={change.mutate} />
        </>
      ) : notes.description === '' ? (
        tags.length === 0 && <p className="note">Nobody has described {about} yet.</p>
      ) : (
        <p className="description">{notes.description}</p>
      )}
      {tags.length > 0 && (
        <ul className="tags">
          {tags.map(([key, value]) => (
            <li key={key}>
              <Badge>
                {key}
                {value !== '' && `: ${value}`}
              </Badge>
              {editing && (
                <button
                  type="button"
                  className="button"
                  disabled={change.isPending}
                  onClick={() => change.mutate({ tags: { [key]: null } })}
                >
                  remove<span className="visually-hidden"> the tag {key}</span>
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
      {change.isError && <InlineFailure error={change.error} />}
    </Panel>
  )
}

interface Editing {
  about: string
  busy: boolean
  save: (change: NotesChange) => void
}

function Description({ notes, about, busy, save }: Editing & { notes: Notes }) {
  const [text, setText] = useState(notes.description)
  return (
    <form
      className="sign"
      onSubmit={(event) => {
        event.preventDefault()
        save({ description: text })
      }}
    >
      <label>
        What {about} is, and what it is for
        <textarea rows={4} maxLength={100_000} value={text} onChange={(event) => setText(event.target.value)} />
      </label>
      <div className="buttons">
        <button type="submit" className="button go" disabled={busy || text === notes.description}>
          Save description
        </button>
      </div>
    </form>
  )
}

function AddTag({ about, busy, save }: Editing) {
  const [key, setKey] = useState('')
  const [value, setValue] = useState('')
  return (
    <form
      className="add-tag"
      onSubmit={(event) => {
        event.preventDefault()
        save({ tags: { [key.trim()]: value } })
        setKey('')
        setValue('')
      }}
    >
      <label>
        Tag of {about}
        <input value={key} maxLength={250} onChange={(event) => setKey(event.target.value)} />
      </label>
      <label>
        Its value
        <input value={value} maxLength={5000} onChange={(event) => setValue(event.target.value)} />
      </label>
      <button type="submit" className="button" disabled={busy || key.trim() === ''}>
        Add tag
      </button>
    </form>
  )
}
