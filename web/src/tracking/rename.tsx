import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { InlineFailure } from '../shell/failure.tsx'

/** A button that becomes a field. */
export function Rename({
  what,
  name,
  rename,
}: {
  what: string
  name: string
  rename: (name: string) => Promise<unknown>
}) {
  const queries = useQueryClient()
  const [text, setText] = useState<string | null>(null)
  const change = useMutation({
    mutationFn: rename,
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['tracking'] })
      setText(null)
    },
  })
  if (text === null)
    return (
      <button type="button" className="button" onClick={() => setText(name)}>
        Rename
      </button>
    )
  return (
    <form
      className="rename"
      onSubmit={(event) => {
        event.preventDefault()
        change.mutate(text.trim())
      }}
      onKeyDown={(event) => event.key === 'Escape' && setText(null)}
    >
      <input
        // biome-ignore lint/a11y/noAutofocus: the button was pressed to write here.
        autoFocus
        aria-label={`New name of the ${what}`}
        maxLength={500}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <button type="submit" className="button go" disabled={change.isPending || text.trim() === ''}>
        Save
      </button>
      <button type="button" className="button" onClick={() => setText(null)}>
        Cancel
      </button>
      {change.isError && <InlineFailure error={change.error} />}
    </form>
  )
}
