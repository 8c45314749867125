import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { InlineFailure } from '../shell/failure.tsx'
import { Panel } from '../shell/parts.tsx'
import { Markdown } from './markdown.tsx'
import { NOTE } from './tag-words.ts'

const LONGEST = 8_000

/** The description that MLflow's users know: Markdown, kept as a tag. */
export function NotePanel({
  tags,
  about,
  locked,
  save,
  className = '',
}: {
  tags: Readonly<Record<string, string>>
  about: string
  /** In the bin nothing is written. */
  locked: boolean
  save: (tag: { key: string; value: string }) => Promise<unknown>
  className?: string
}) {
  const queries = useQueryClient()
  const note = tags[NOTE] ?? ''
  const [text, setText] = useState<string | null>(null)
  const change = useMutation({
    mutationFn: (value: string) => save({ key: NOTE, value }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['tracking'] })
      setText(null)
    },
  })
  return (
    <Panel
      title="Note"
      className={className}
      aside={
        !locked &&
        text === null && (
          <button type="button" className="linkish" onClick={() => setText(note)}>
            {note === '' ? 'Write one' : 'Edit'}
          </button>
        )
      }
    >
      {text !== null ? (
        <form
          onSubmit={(event) => {
            event.preventDefault()
            change.mutate(text)
          }}
        >
          <textarea
            // biome-ignore lint/a11y/noAutofocus: the button was pressed to write here.
            autoFocus
            rows={8}
            maxLength={LONGEST}
            aria-label={`Note about ${about}, in Markdown`}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
          <div className="buttons">
            <button type="submit" className="button go" disabled={change.isPending || text === note}>
              Save note
            </button>
            <button type="button" className="button" onClick={() => setText(null)}>
              Cancel
            </button>
          </div>
          {change.isError && <InlineFailure error={change.error} />}
        </form>
      ) : note === '' ? (
        <p className="note">Nobody has written about {about} yet. Markdown is shown as such.</p>
      ) : (
        <Markdown text={note} />
      )}
    </Panel>
  )
}
