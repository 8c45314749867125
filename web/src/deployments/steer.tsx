import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import type { Rollout } from '#deployments/contract'
import { InlineFailure } from '../shell/failure.tsx'
import { server } from '../shell/server.ts'
import { isLive } from './words.ts'

type Action = 'pause' | 'resume' | 'skip' | 'abort'

/** What will happen is said before it is asked for. */
function consequence(action: Action, { version, step, steps, from }: Rollout): string {
  const next = steps[step + 1]
  switch (action) {
    case 'pause':
      return 'No step follows until it is resumed. A rule still takes the version back.'
    case 'resume':
      return 'It goes on from where it was paused; the pause does not count.'
    case 'skip':
      return next
        ? `v${version} answers ${Math.round(next.share * 100)} % from the next request on.`
        : `v${version} is promoted: it answers everything from the next request on.`
    case 'abort':
      return `v${version} answers nothing more${from === null ? '' : `; v${from} answers everything`}.`
  }
}

/** What a person may decide about a roll-out under way; each with its reason, on record. */
export function Steer({ rollout }: { rollout: Rollout }) {
  const [asked, setAsked] = useState<Action | null>(null)
  const [reason, setReason] = useState('')
  const queries = useQueryClient()
  const steer = useMutation({
    mutationFn: (action: Action) =>
      server.deployments.steerRollout({
        params: { endpoint: rollout.endpoint },
        body: { action, reason, version: rollout.version },
      }),
    onSuccess: async () => {
      setAsked(null)
      setReason('')
      await queries.invalidateQueries()
    },
  })
  if (rollout.finishedAt !== null) return null
  const actions: Action[] = isLive(rollout.state) ? [rollout.paused ? 'resume' : 'pause', 'skip', 'abort'] : ['abort']
  return (
    <>
      <div className="buttons">
        {actions.map((action) => (
          <button
            key={action}
            type="button"
            className={action === 'abort' ? 'button danger' : 'button'}
            aria-expanded={asked === action}
            onClick={() => setAsked(asked === action ? null : action)}
          >
            {LABELS[action]}
          </button>
        ))}
      </div>
      {asked && (
        <form
          className="sure steer"
          onSubmit={(event) => {
            event.preventDefault()
            steer.mutate(asked)
          }}
        >
          <h2>{consequence(asked, rollout)}</h2>
          <Reason value={reason} set={setReason} />
          {steer.isError && <InlineFailure error={steer.error} />}
          <div className="buttons">
            <button type="submit" className="button" disabled={steer.isPending || reason.trim() === ''}>
              {LABELS[asked]} now
            </button>
            <button type="button" className="button" onClick={() => setAsked(null)}>
              Leave it as it is
            </button>
          </div>
        </form>
      )}
    </>
  )
}

/** Opened by the reader's own click, to write here. */
function Reason({ value, set }: { value: string; set: (value: string) => void }) {
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => field.current?.focus(), [])
  return (
    <label>
      Reason
      <input ref={field} required maxLength={500} value={value} onChange={(event) => set(event.target.value)} />
    </label>
  )
}

const LABELS: Record<Action, string> = { pause: 'Pause', resume: 'Resume', skip: 'Skip this step', abort: 'Abort' }
