import { useQuery, useQueryClient } from '@tanstack/react-query'
import { type DragEvent, useId, useState } from 'react'
import { Link } from 'react-router'
import type { Upload } from '#data/contract'
import { bytes } from '../shell/numbers.ts'
import { Ago, State, type Tone } from '../shell/parts.tsx'
import { paths } from '../shell/paths.ts'
import { ask } from '../shell/server.ts'
import { sendFile } from './send-file.ts'

const TONES: Record<Upload['state'], Tone> = {
  queued: 'busy',
  running: 'busy',
  succeeded: 'ok',
  failed: 'bad',
  cancelled: 'idle',
}

type Sending = { name: string; share: number } | { name: string; error: string } | null

/** A table that is dropped here becomes a version; it is sent as it is read, whatever its size. */
export function Uploads({ project, dataset }: { project: string; dataset: string }) {
  const input = useId()
  const queries = useQueryClient()
  const [over, setOver] = useState(false)
  const [sending, setSending] = useState<Sending>(null)
  const query = useQuery({
    ...ask('data', 'listUploads', { params: { project, dataset }, query: { limit: 5 } }),
    refetchInterval: (one) => (one.state.data?.uploads.some(isUnderWay) ? 1_000 : false),
  })

  async function send(file: File | undefined) {
    if (!file) return
    setSending({ name: file.name, share: 0 })
    try {
      await sendFile(project, dataset, file, (share) => setSending({ name: file.name, share }))
      setSending(null)
    } catch (error) {
      setSending({ name: file.name, error: (error as Error).message })
    }
    await queries.invalidateQueries({ queryKey: ['data'] })
  }

  function drop(event: DragEvent) {
    event.preventDefault()
    setOver(false)
    void send(event.dataTransfer.files[0])
  }

  return (
    <div className="uploads">
      <label
        htmlFor={input}
        className={over ? 'drop over' : 'drop'}
        onDragOver={(event) => {
          event.preventDefault()
          setOver(true)
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <span>
          <b>Drop a table here</b>, or choose one
        </span>
        <span className="note">CSV, JSON lines, Parquet, Arrow, Excel; also compressed</span>
        <input
          id={input}
          type="file"
          onChange={(event) => {
            void send(event.target.files?.[0])
            event.target.value = ''
          }}
        />
      </label>
      <div aria-live="polite">
        {sending && 'share' in sending && (
          <p className="sending">
            <progress value={sending.share} max={1} aria-label={`Sending ${sending.name}`} /> {sending.name}
          </p>
        )}
        {sending && 'error' in sending && (
          <p className="source-state">
            <State tone="bad">{sending.name}</State> <span>{sending.error}</span>
          </p>
        )}
      </div>
      <ul className="upload-list">
        {query.data?.uploads.map((upload) => (
          <li key={upload.id}>
            <State tone={TONES[upload.state]}>{upload.name}</State>
            <span className="note">
              {bytes(upload.bytes)}, <Ago at={upload.at} /> by {upload.by}
            </span>
            {isUnderWay(upload) && <span>{upload.progress ?? 'waits'}</span>}
            {upload.version && (
              <Link to={`${paths.data(project)}?version=${upload.version}`}>the version it became</Link>
            )}
            {upload.error && (
              <p>
                {upload.error.message} <span className="note">{upload.error.hint.replaceAll('`', '')}</span>
              </p>
            )}
          </li>
        ))}
      </ul>
    </div>
  )
}

const isUnderWay = ({ state }: Upload) => state === 'queued' || state === 'running'
