import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { Link, useParams, useSearchParams } from 'react-router'
import type { Trace } from '#tracing/contract'
import { Failure } from '../shell/failure.tsx'
import { shortCount } from '../shell/numbers.ts'
import { Ago, Command, Empty, Mark, More, newerBy, PageHead, Panel, SameAs, Skeleton, Steady } from '../shell/parts.tsx'
import { paths } from '../shell/paths.ts'
import { ask, pagesOf } from '../shell/server.ts'
import { span } from '../shell/times.ts'
import { useTitle } from '../shell/title.ts'
import { TRACE_TONES, TRACE_WORDS } from './states.ts'
import './tracing.css'

const NEWEST_EVERY_MS = 5_000
const PAGE = 50
const STATES = Object.keys(TRACE_WORDS) as Trace['state'][]

/** Traces of applications that call models, newest first. */
export function TracesPage() {
  const { project } = useParams()
  useTitle('Traces', project)
  const [search, setSearch] = useSearchParams()
  const asked = questionIn(search)
  const query = useInfiniteQuery({
    ...pagesOf('tracing', 'listTraces', { query: { limit: PAGE, ...asked } }),
    // Traces are too many for an event each. A reader who went on to older pages is not fetched all of them again.
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 1) === 1 ? NEWEST_EVERY_MS : false),
  })
  const set = (name: string, value: string) =>
    setSearch((before) => {
      const after = new URLSearchParams(before)
      if (value) after.set(name, value)
      else after.delete(name)
      return after
    })
  const isAsked = Object.values(asked).some(Boolean)
  return (
    <>
      <PageHead title="Traces">
        Each request through an application that calls models: its steps, what went in and out.
      </PageHead>
      <Panel title="Requests">
        <Filters asked={asked} set={set} />
        {query.isError && !query.data ? (
          <Failure error={query.error} again={() => query.refetch()} />
        ) : query.data ? (
          <Found
            traces={query.data.pages.flatMap((page) => page.traces)}
            project={project}
            question={search.toString()}
            isAsked={isAsked}
          />
        ) : (
          <Skeleton lines={8} />
        )}
        <More query={query} />
      </Panel>
      <SameAs api={`/api/traces${search.size > 0 ? `?${search}` : ''}`} />
    </>
  )
}

interface Question {
  experiment?: string | undefined
  state?: Trace['state'] | undefined
  run?: string | undefined
  session?: string | undefined
  text?: string | undefined
}

function questionIn(search: URLSearchParams): Question {
  const text = (name: string) => search.get(name) || undefined
  return {
    experiment: text('experiment'),
    state: STATES.find((state) => state === search.get('state')),
    run: text('run'),
    session: text('session'),
    text: text('text'),
  }
}

function Filters({ asked, set }: { asked: Question; set: (name: string, value: string) => void }) {
  const { data } = useQuery(ask('tracing', 'listTracedExperiments'))
  const [text, setText] = useState(asked.text ?? '')
  const find = (event: FormEvent) => {
    event.preventDefault()
    set('text', text.trim())
  }
  return (
    <form className="trace-filters" onSubmit={find}>
      <label>
        Experiment
        <select
          className="field"
          value={asked.experiment ?? ''}
          onChange={(event) => set('experiment', event.target.value)}
        >
          <option value="">all</option>
          {(data?.experiments ?? []).map(({ id, name, traces }) => (
            <option key={id} value={name}>
              {name} ({shortCount(traces)})
            </option>
          ))}
        </select>
      </label>
      <label>
        State
        <select className="field" value={asked.state ?? ''} onChange={(event) => set('state', event.target.value)}>
          <option value="">any</option>
          {STATES.map((state) => (
            <option key={state} value={state}>
              {TRACE_WORDS[state]}
            </option>
          ))}
        </select>
      </label>
      <label className="grow">
        In its name, request or response
        <input type="search" value={text} onChange={(event) => setText(event.target.value)} />
      </label>
      <button type="submit" className="button">
        Find
      </button>
      {(['run', 'session'] as const).map(
        (name) =>
          asked[name] && (
            <button key={name} type="button" className="button" onClick={() => set(name, '')}>
              {name} {asked[name]} <span aria-hidden="true">×</span>
              <span className="visually-hidden">, remove</span>
            </button>
          ),
      )}
    </form>
  )
}

function Found({
  traces,
  project,
  question,
  isAsked,
}: {
  traces: Trace[]
  project: string | undefined
  question: string
  isAsked: boolean
}) {
  if (traces.length === 0) {
    return isAsked ? (
      <Empty title="No trace like this">Ask for less, or look under another experiment.</Empty>
    ) : (
      <>
        <Empty title="Traces of your applications stand here">
          The mlflow client sends them by itself, and so does anything that speaks OpenTelemetry:
        </Empty>
        <Command text={`export MLFLOW_TRACKING_URI=${location.origin}`} />
        <Command text={`export OTEL_EXPORTER_OTLP_ENDPOINT=${location.origin}`} />
      </>
    )
  }
  const most = Math.max(...traces.map((trace) => trace.durationMs ?? 0), 1)
  return (
    <Steady value={traces} question={question} newerText={newerBy((trace) => trace.id, 'trace')}>
      {(shown) => (
        <div className="scroll">
          <table className="traces">
            <thead>
              <tr>
                <th>trace</th>
                <th>request</th>
                <th>experiment</th>
                <th className="n">tokens</th>
                <th className="n">took</th>
                <th>started</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((trace) => (
                <Row key={trace.id} trace={trace} project={project} most={most} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Steady>
  )
}

function Row({ trace, project, most }: { trace: Trace; project: string | undefined; most: number }) {
  return (
    <tr data-row>
      <td className="nowrap">
        <span className="state">
          <Mark tone={TRACE_TONES[trace.state]} />
          <Link to={paths.requestTrace(trace.id, project)}>{trace.name || trace.id.slice(0, 11)}</Link>
          <span className="visually-hidden">{TRACE_WORDS[trace.state]}</span>
        </span>
      </td>
      <td className="trace-request" title={trace.request ?? undefined}>
        {trace.request ?? <span className="note">–</span>}
      </td>
      <td className="nowrap">{trace.experiment}</td>
      <td className="n">{trace.tokens ? shortCount(trace.tokens.total) : '–'}</td>
      <td className="n trace-took">
        {trace.durationMs === null ? '–' : span(trace.durationMs)}
        <i aria-hidden="true" style={{ width: `${(100 * (trace.durationMs ?? 0)) / most}%` }} />
      </td>
      <td className="nowrap">
        <Ago at={trace.startedAt} />
      </td>
    </tr>
  )
}
