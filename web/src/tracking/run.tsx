import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useParams } from 'react-router'
import type { PipelineRun, PipelineStep } from '#pipelines/contract'
import { DataUsed } from '../data/made-of.tsx'
import { Asked } from '../shell/asked.tsx'
import { InlineFailure } from '../shell/failure.tsx'
import { type Progress, useProgress } from '../shell/live.ts'
import { percent } from '../shell/numbers.ts'
import { Ago, Empty, Facts, Id, Mark, PageHead, Panel, SameAs, Skeleton, State } from '../shell/parts.tsx'
import { paths } from '../shell/paths.ts'
import { ask, server } from '../shell/server.ts'
import { useTitle } from '../shell/title.ts'
import { Because } from './cause.tsx'
import { Took } from './runs.tsx'
import { RUN_TONES, STEP_TONES } from './states.ts'
import './tracking.css'
import { Trials } from './trials.tsx'

export function RunPage() {
  const { project = '', run = '' } = useParams()
  const found = useQuery(ask('pipelines', 'getPipelineRun', { params: { run } }))
  useTitle(found.data?.name, 'Runs', project)
  return (
    <Asked query={found} skeleton={<Skeleton height={300} />}>
      {(one) => <OneRun run={one} project={project} />}
    </Asked>
  )
}

function OneRun({ run, project }: { run: PipelineRun; project: string }) {
  const heard = useProgress(run.id)
  const progress = run.state === 'running' ? (heard ?? run.progress) : null
  return (
    <>
      <PageHead
        crumbs={[{ to: paths.runs(project), text: 'Runs' }]}
        title={run.name}
        badge={<State tone={RUN_TONES[run.state]}>{run.state}</State>}
        actions={(run.state === 'running' || run.state === 'queued') && <Cancel run={run.id} />}
      >
        <Because cause={run.cause} project={project} />
      </PageHead>
      <div className="grid">
        <Panel title="Steps" className="span-8 stretch">
          {run.error && (
            <div className="failure">
              <p className="failure-code">{run.error.code}</p>
              <p className="failure-message">{run.error.message}</p>
              <p className="failure-hint">{run.error.hint.replaceAll('`', '')}</p>
            </div>
          )}
          <ol className="steps">
            {run.steps.map((step) => (
              <Step key={step.name} step={step} progress={step.state === 'running' ? progress : null} />
            ))}
          </ol>
          {run.steps.length === 0 && <Empty title="Queued">Its steps show as soon as it starts.</Empty>}
        </Panel>
        <Panel title="What it ran" className="span-4 stretch">
          <Facts
            rows={[
              ['id', <Id key="id" value={run.id} />],
              ['started', <Ago key="at" at={run.startedAt ?? run.createdAt} />],
              ['took', <Took key="took" from={run.startedAt} to={run.finishedAt} />],
              ['code', <Code key="code" code={run.code} />],
              [
                'data',
                run.dataVersion === null ? (
                  'not read yet'
                ) : (
                  <DataUsed key="data" project={project} version={run.dataVersion} />
                ),
              ],
              run.parentRun !== null && [
                'tracked as',
                <Id key="run" value={run.parentRun} to={paths.trial(project, run.parentRun)} />,
              ],
            ]}
          />
        </Panel>
        <Panel title="Trials" note="one row for each candidate it fitted">
          {run.parentRun === null ? (
            <Empty title="No trial yet">
              Each candidate shows here as soon as it is fitted, with its parameters and metrics.
            </Empty>
          ) : (
            <Trials parent={run.parentRun} project={project} />
          )}
        </Panel>
      </div>
      <SameAs api={`/api/pipeline-runs/${run.id}`} />
    </>
  )
}

/** A commit where there is one, else what the folder held. */
export function Code({ code }: { code: PipelineRun['code'] }) {
  return (
    <>
      <Id value={code.commit ?? code.contentHash} chars={7} tail={false} />
      <span className="note">
        {code.commit === null ? ' folder’s hash, not in git' : code.dirty ? ' with uncommitted changes' : ''}
      </span>
    </>
  )
}

function Step({ step, progress }: { step: PipelineStep; progress: Progress | null }) {
  return (
    <li className={step.state}>
      <Mark tone={STEP_TONES[step.state]} />
      <div>
        <b>{step.name}</b>
        <span className="visually-hidden"> {step.state}</span>{' '}
        <span className="step-summary">{progress?.message ?? step.summary}</span>
        {step.state === 'running' && (
          <div
            className={progress?.fraction === undefined ? 'progress unknown' : 'progress'}
            role="progressbar"
            aria-label={step.name}
            {...(progress?.fraction !== undefined
              ? { 'aria-valuenow': Math.round(progress.fraction * 100), 'aria-valuetext': percent(progress.fraction) }
              : {})}
          >
            <i style={{ width: `${(progress?.fraction ?? 1) * 100}%` }} />
          </div>
        )}
      </div>
      <span className="note">{step.startedAt !== null && <Took from={step.startedAt} to={step.finishedAt} />}</span>
    </li>
  )
}

function Cancel({ run }: { run: string }) {
  const queries = useQueryClient()
  const cancel = useMutation({
    mutationFn: () => server.pipelines.cancelPipelineRun({ params: { run } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['pipelines'] }),
  })
  return (
    <div>
      <button type="button" className="button danger" disabled={cancel.isPending} onClick={() => cancel.mutate()}>
        Cancel
      </button>
      {cancel.isError && <InlineFailure error={cancel.error} />}
    </div>
  )
}
