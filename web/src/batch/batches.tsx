import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useParams } from 'react-router'
import type { Batch } from '#batch/contract'
import { Asked } from '../shell/asked.tsx'
import { InlineFailure } from '../shell/failure.tsx'
import { useProgress } from '../shell/live.ts'
import { count, percent, plural } from '../shell/numbers.ts'
import { Ago, Empty, Facts, Id, PageHead, Panel, SameAs, Skeleton, State } from '../shell/parts.tsx'
import { ask, server } from '../shell/server.ts'
import { useTitle } from '../shell/title.ts'
import './batch.css'

const TONES = { queued: 'busy', running: 'busy', succeeded: 'ok', failed: 'bad', cancelled: 'idle' } as const

/** The stream tells when one ends; those that wait are asked after. */
const LOOK_EVERY_MS = 2_000

const isUnderWay = ({ state }: Batch) => state === 'queued' || state === 'running'

/** What was scored ahead of time, newest first, with what is under way. */
export function BatchesPage() {
  const { project = '' } = useParams()
  useTitle('Batches', project)
  const batches = useQuery({
    ...ask('batch', 'listBatches', { query: { project, limit: 100 } }),
    refetchInterval: ({ state }) => (state.data?.batches.some(isUnderWay) ? LOOK_EVERY_MS : false),
  })
  return (
    <>
      <PageHead title="Batches">Answers ahead of time: every row of a table, into a file or a database.</PageHead>
      <Asked query={batches} skeleton={<Skeleton height={200} />}>
        {({ batches: found }) =>
          found.length === 0 ? (
            <Panel title="None yet">
              <Empty
                title="Batches stand here with how far they are"
                command={`orrery score <endpoint> data:<data set> --project ${project} --into scores.parquet`}
              >
                <code>batch:</code> in <code>orrery.yaml</code> runs one on schedule.
              </Empty>
            </Panel>
          ) : (
            <div className="stack">
              {found.map((batch) => (
                <OneBatch key={batch.id} batch={batch} />
              ))}
            </div>
          )
        }
      </Asked>
      <SameAs api={`/api/batches?project=${project}`} />
    </>
  )
}

function OneBatch({ batch }: { batch: Batch }) {
  const { id, score, version, state, schedule, by, createdAt, into, table, error, outcome } = batch
  return (
    <Panel
      title={
        <>
          {version ?? score} <State tone={TONES[state]}>{state}</State>
        </>
      }
      note={
        <>
          {schedule ? `schedule ${schedule}` : by} · <Ago at={createdAt} />
        </>
      }
    >
      {state === 'running' && <Bar batch={batch} />}
      <Facts
        rows={[
          ['batch', <Id key="id" value={id} />],
          ['from', <code key="from">{inputOf(batch)}</code>],
          ['into', <code key="into">{table === null ? into : `${into}, table ${table}`}</code>],
          outcome && [
            'scored',
            `${plural(outcome.scored, 'row')} in ${plural(outcome.parts, 'part')}, ${count(outcome.scored / Math.max(outcome.seconds, 0.001))} a second`,
          ],
        ]}
      />
      {error && (
        <p className="inline-failure" role="status">
          <b>{error.code}</b> {error.message} <span className="note">{error.hint}</span>
        </p>
      )}
      {outcome && outcome.setAside > 0 && <SetAside id={id} outcome={outcome} />}
      {isUnderWay(batch) && <Cancel id={id} />}
    </Panel>
  )
}

function inputOf({ input }: Batch): string {
  if ('file' in input) return input.file
  if ('query' in input) return input.query
  return input.version === undefined ? input.data : `${input.data}@${input.version}`
}

function Bar({ batch }: { batch: Batch }) {
  const heard = useProgress(batch.id)
  const progress = heard ?? batch.progress
  const fraction = progress?.fraction ?? undefined
  return (
    <div className="batch-progress">
      <progress aria-label="share of the rows" {...(fraction !== undefined && { value: fraction })} max={1} />
      <span className="note">
        {fraction !== undefined && `${percent(fraction)} · `}
        {progress?.message}
      </span>
    </div>
  )
}

function SetAside({ id, outcome }: { id: string; outcome: NonNullable<Batch['outcome']> }) {
  return (
    <details className="batch-aside">
      <summary>{plural(outcome.setAside, 'row')} set aside</summary>
      <ul>
        {outcome.reasons.map(({ reason, rows }) => (
          <li key={reason}>
            {count(rows)} × {reason}
          </li>
        ))}
      </ul>
      <a className="button" href={`/api/batches/${id}/aside`} download>
        Download them
      </a>
    </details>
  )
}

function Cancel({ id }: { id: string }) {
  const queries = useQueryClient()
  const cancel = useMutation({
    mutationFn: () => server.batch.cancelBatch({ params: { batch: id } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['batch'] }),
  })
  return (
    <p className="buttons">
      <button type="button" className="button" disabled={cancel.isPending} onClick={() => cancel.mutate()}>
        Cancel
      </button>
      {cancel.isError && <InlineFailure error={cancel.error} />}
    </p>
  )
}
