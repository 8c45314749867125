import { useInfiniteQuery, useMutation } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from 'react-router'
import type { PipelineRun } from '#pipelines/contract'
import { Failure, InlineFailure } from '../shell/failure.tsx'
import { useProgress } from '../shell/live.ts'
import { useNow } from '../shell/now.ts'
import { Ago, Empty, Mark, More, newerBy, PageHead, Panel, SameAs, Skeleton, State, Steady } from '../shell/parts.tsx'
import { paths } from '../shell/paths.ts'
import { pagesOf, server } from '../shell/server.ts'
import { span } from '../shell/times.ts'
import { useTitle } from '../shell/title.ts'
import { Because } from './cause.tsx'
import { OwnRuns } from './own-runs.tsx'
import { RUN_TONES, STEP_TONES } from './states.ts'
import './tracking.css'

/** Every run of the pipeline, newest first. */
export function RunsPage() {
  const { project = '' } = useParams()
  useTitle('Runs', project)
  const query = useInfiniteQuery(
    pagesOf('pipelines', 'listPipelineRuns', { params: { project }, query: { limit: 30 } }),
  )
  return (
    <>
      <PageHead title="Runs" actions={<StartRun project={project} />}>
        Each run of the pipeline: what made it start, its steps, and what came of it.
      </PageHead>
      <Panel title="Pipeline runs">
        {query.isError && !query.data ? (
          <Failure error={query.error} again={() => query.refetch()} />
        ) : query.data ? (
          <Found project={project} runs={query.data.pages.flatMap((page) => page.runs)} />
        ) : (
          <Skeleton lines={8} />
        )}
        <More query={query} />
      </Panel>
      <Panel title="Tracked by your own code" className="below">
        <OwnRuns project={project} />
      </Panel>
      <SameAs api={`/api/projects/${project}/pipeline-runs`} cli={`orrery status ${project}`} />
    </>
  )
}

function StartRun({ project }: { project: string }) {
  const navigate = useNavigate()
  const start = useMutation({
    mutationFn: () =>
      server.pipelines.startPipeline({ params: { project }, body: { reason: 'asked for on the Runs page' } }),
    onSuccess: ({ id }) => navigate(paths.run(project, id)),
  })
  return (
    <div>
      <button type="button" className="button go" disabled={start.isPending} onClick={() => start.mutate()}>
        Run the pipeline
      </button>
      {start.isError && <InlineFailure error={start.error} />}
    </div>
  )
}

function Found({ project, runs }: { project: string; runs: PipelineRun[] }) {
  if (runs.length === 0) {
    return (
      <Empty title="No run yet" command="orrery run">
        A run reads the data, trains candidates, evaluates, packages and registers the best, and hands it to deployment.
      </Empty>
    )
  }
  return (
    <Steady value={runs} newerText={newerBy((run) => run.id, 'run')}>
      {(shown) => (
        <div className="scroll">
          <table className="runs">
            <thead>
              <tr>
                <th>run</th>
                <th>state</th>
                <th>steps</th>
                <th>because</th>
                <th>started</th>
                <th className="n">took</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((run) => (
                <Row key={run.id} run={run} project={project} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Steady>
  )
}

function Row({ run, project }: { run: PipelineRun; project: string }) {
  const heard = useProgress(run.id)
  const progress = run.state === 'running' ? (heard ?? run.progress) : null
  return (
    <tr data-row>
      <td className="nowrap">
        <Link to={paths.run(project, run.id)}>{run.name}</Link>
      </td>
      <td>
        <State tone={RUN_TONES[run.state]}>{run.state}</State>
      </td>
      <td>
        <span className="step-marks">
          {run.steps.map((step) => (
            <span key={step.name} title={`${step.name}: ${step.state}${step.summary ? `, ${step.summary}` : ''}`}>
              <Mark tone={STEP_TONES[step.state]} />
            </span>
          ))}
        </span>
        <span className="visually-hidden">
          {run.steps.filter((step) => step.state === 'succeeded').length} of {run.steps.length} steps done
        </span>
      </td>
      <td className="because">
        {progress ? (
          progress.message
        ) : run.error ? (
          <span className="bad">{run.error.message}</span>
        ) : (
          <Because cause={run.cause} project={project} />
        )}
      </td>
      <td className="nowrap">
        <Ago at={run.startedAt ?? run.createdAt} />
      </td>
      <td className="n">
        <Took from={run.startedAt} to={run.finishedAt} />
      </td>
    </tr>
  )
}

/** How long something took, or has been taking. */
export function Took({ from, to }: { from: number | null; to: number | null }) {
  const now = useNow()
  if (from === null) return '–'
  return span(Math.max(0, (to ?? now) - from))
}
