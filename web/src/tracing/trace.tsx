import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { Link, useParams, useSearchParams } from 'react-router'
import type { Assessment, Trace } from '#tracing/contract'
import { Asked } from '../shell/asked.tsx'
import { Failure } from '../shell/failure.tsx'
import { count } from '../shell/numbers.ts'
import { Ago, Badge, Empty, Facts, Id, More, PageHead, Panel, SameAs, Skeleton, State } from '../shell/parts.tsx'
import { paths } from '../shell/paths.ts'
import { ask, pagesOf } from '../shell/server.ts'
import { span } from '../shell/times.ts'
import { useTitle } from '../shell/title.ts'
import { SpanDetails } from './span.tsx'
import { TRACE_TONES, TRACE_WORDS } from './states.ts'
import { waterfallOf } from './tree.ts'
import { Waterfall } from './waterfall.tsx'
import './tracing.css'

const RUNNING_EVERY_MS = 2_000

type Whole = Trace & { tags: Record<string, string>; metadata: Record<string, string>; assessments: Assessment[] }

/** One request: its spans as a waterfall, and what the chosen one carried. */
export function RequestTracePage() {
  const { project, trace: id = '' } = useParams()
  const found = useQuery({
    ...ask('tracing', 'getTrace', { params: { trace: id } }),
    refetchInterval: ({ state }) => (state.data?.state === 'in_progress' ? RUNNING_EVERY_MS : false),
  })
  useTitle(found.data?.name ?? 'Trace', project)
  return (
    <Asked query={found} skeleton={<Skeleton height={420} />}>
      {(trace) => <One trace={trace} project={project} />}
    </Asked>
  )
}

function One({ trace, project }: { trace: Whole; project: string | undefined }) {
  return (
    <>
      <PageHead
        crumbs={[{ to: paths.traces(project), text: 'Traces' }]}
        title={trace.name || trace.id}
        badge={<State tone={TRACE_TONES[trace.state]}>{TRACE_WORDS[trace.state]}</State>}
      >
        in experiment{' '}
        <Link to={`${paths.traces(project)}?experiment=${encodeURIComponent(trace.experiment)}`}>
          {trace.experiment}
        </Link>{' '}
        · <Ago at={trace.startedAt} />
        {trace.durationMs !== null && ` · took ${span(trace.durationMs)}`}
        {trace.tokens && ` · ${count(trace.tokens.input)} tokens in, ${count(trace.tokens.output)} out`}
      </PageHead>
      <Steps trace={trace} />
      <div className="grid below">
        <Panel title="Assessments" className="span-6 stretch">
          <Assessments assessments={trace.assessments} />
        </Panel>
        <Panel title="About it" className="span-6 stretch">
          <Facts
            rows={[
              ['id', <Id key="id" value={trace.id} chars={14} tail={false} />],
              trace.run !== null && ['run', <RunLink key="run" run={trace.run} project={project} />],
              trace.session !== null && [
                'session',
                <Link key="session" to={`${paths.traces(project)}?session=${encodeURIComponent(trace.session)}`}>
                  {trace.session}
                </Link>,
              ],
              ...pairs(trace.tags),
              ...pairs(trace.metadata),
            ]}
          />
        </Panel>
      </div>
      <SameAs api={`/api/traces/${trace.id}`} />
    </>
  )
}

function RunLink({ run, project }: { run: string; project: string | undefined }) {
  return project === undefined ? <Id value={run} /> : <Id value={run} to={paths.trial(project, run)} />
}

/** What the client wrote down for itself is long, and said elsewhere on this page. */
const ELSEWHERE =
  /^mlflow\.(traceInputs|traceOutputs|trace\.(tokenUsage|sizeStats|sizeBytes|session)|sourceRun|trace_schema\.version)$/

const pairs = (values: Record<string, string>) =>
  Object.entries(values)
    .filter(([name, value]) => value !== '' && !ELSEWHERE.test(name))
    .map(
      ([name, value]) =>
        [
          name,
          <span key={name} className="mono clip">
            {value}
          </span>,
        ] as const,
    )

function Steps({ trace }: { trace: Whole }) {
  const query = useInfiniteQuery({
    ...pagesOf('tracing', 'listSpans', { params: { trace: trace.id } }),
    refetchInterval: trace.state === 'in_progress' ? RUNNING_EVERY_MS : false,
  })
  const spans = useMemo(() => query.data?.pages.flatMap((page) => page.spans) ?? [], [query.data])
  const waterfall = useMemo(() => waterfallOf(spans), [spans])
  const [search, setSearch] = useSearchParams()
  const chosen = waterfall.rows.find((row) => row.span.id === search.get('span')) ?? waterfall.rows[0]
  const choose = (id: string) => setSearch({ span: id }, { replace: true, preventScrollReset: true })
  return (
    <div className="grid">
      <Panel
        title="Steps"
        note={`${count(trace.spans)} ${trace.spans === 1 ? 'span' : 'spans'}`}
        className="span-7 stretch"
      >
        {query.isError && !query.data ? (
          <Failure error={query.error} again={() => query.refetch()} />
        ) : !query.data ? (
          <Skeleton lines={8} />
        ) : spans.length === 0 ? (
          <Empty title="No span has come">The client has told of this trace, and not of its steps.</Empty>
        ) : (
          <Waterfall waterfall={waterfall} chosen={chosen?.span.id} choose={choose} />
        )}
        <More query={query} />
      </Panel>
      <Panel
        title={chosen ? chosen.span.name : 'Span'}
        note={
          chosen && chosen.span.type !== 'UNKNOWN' ? chosen.span.type.toLowerCase().replaceAll('_', ' ') : undefined
        }
        className="span-5 stretch"
      >
        {chosen && <SpanDetails trace={trace.id} row={chosen} />}
      </Panel>
    </div>
  )
}

function Assessments({ assessments }: { assessments: Assessment[] }) {
  if (assessments.length === 0)
    return (
      <Empty title="Nobody has judged it">Feedback of people, judges and code stands here: mlflow.log_feedback.</Empty>
    )
  return (
    <ul className="assessments">
      {assessments.map((one) => (
        <li key={one.id} className={one.valid ? '' : 'overridden'}>
          <b>{one.name}</b>{' '}
          <span className="mono">{typeof one.value === 'string' ? one.value : JSON.stringify(one.value)}</span>{' '}
          {one.kind === 'expectation' && <Badge>expected</Badge>} {!one.valid && <Badge>overridden</Badge>}
          {one.error && <span className="bad"> {one.error.message ?? one.error.code}</span>}
          {one.rationale && <p>{one.rationale}</p>}
          <p className="note">
            {one.source.type.toLowerCase().replaceAll('_', ' ')} {one.source.id} · <Ago at={one.createdAt} />
          </p>
        </li>
      ))}
    </ul>
  )
}
