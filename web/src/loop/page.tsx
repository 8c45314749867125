import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { Link, useParams } from 'react-router'
import type { LoopOverview, Need } from '#loop/contract'
import { TrafficTable } from '../deployments/traffic-table.tsx'
import { InStep } from '../monitoring/in-step.tsx'
import { Asked } from '../shell/asked.tsx'
import { count, plural } from '../shell/numbers.ts'
import {
  Ago,
  Badge,
  Command,
  Empty,
  Mark,
  newerBy,
  PageHead,
  Panel,
  Skeleton,
  State,
  Steady,
  type Tone,
} from '../shell/parts.tsx'
import { paths } from '../shell/paths.ts'
import { ask } from '../shell/server.ts'
import { useTitle } from '../shell/title.ts'
import { newsOf } from './facts.ts'
import './loop.css'
import { Ring } from './ring.tsx'

const TONES: Record<LoopOverview['summary']['state'], Tone> = {
  'in step': 'ok',
  working: 'busy',
  'waits for you': 'warn',
  'out of step': 'bad',
  'not deployed': 'idle',
}

/** Home of a project: the loop, what needs a person, how well it kept in step. */
export function LoopPage() {
  const { project = '' } = useParams()
  useTitle(project)
  const overview = useQuery(ask('loop', 'overview', { params: { project } }))
  return (
    <Asked query={overview} skeleton={<LoopSkeleton project={project} />}>
      {(loop) => <Loop loop={loop} />}
    </Asked>
  )
}

function Loop({ loop }: { loop: LoopOverview }) {
  const { project, summary } = loop
  return (
    <>
      <PageHead
        title={project}
        badge={
          <>
            <State tone={TONES[summary.state]}>{summary.state}</State>
            {loop.simulated && <Simulated />}
          </>
        }
      >
        {loop.description}
        {loop.description && ' · '}
        {tally(summary)}
      </PageHead>
      <div className="grid">
        <Panel
          title="The loop, now"
          className="span-8 stretch"
          aside={<Link to={`${paths.runs(project)}`}>all runs</Link>}
        >
          <Ring overview={loop} />
        </Panel>
        <Panel
          title="Needs you"
          note={loop.needs.length > 0 ? count(loop.needs.length) : undefined}
          className="span-4 stretch"
        >
          <Needs needs={loop.needs} />
        </Panel>
        {loop.drift.length > 0 && (
          <Panel title="Not as the project file says" note="orrery plan tells the same">
            <DriftList drift={loop.drift} />
          </Panel>
        )}
        {loop.endpoints.map((endpoint) => (
          <Panel
            key={endpoint.name}
            title={loop.endpoints.length > 1 ? `How well ${endpoint.name} kept in step` : 'How well it kept in step'}
            aside={<Link to={paths.monitor(project, endpoint.name)}>all monitors</Link>}
          >
            <InStep project={project} endpoint={endpoint.name} model={endpoint.model} windowMs={summary.windowMs} />
          </Panel>
        ))}
        {loop.endpoints.length === 0 && (
          <Panel title="How well it kept in step">
            <Empty title="Nothing is deployed yet" command="orrery run">
              A run reads the data, trains, evaluates, registers and deploys; from then on the quality of its answers
              stands here.
            </Empty>
          </Panel>
        )}
        {loop.endpoints.map((endpoint) => (
          <Panel
            key={endpoint.name}
            title={`Endpoint ${endpoint.name}`}
            note={endpoint.environment}
            className="span-7 stretch"
            aside={<Link to={paths.endpoint(project, endpoint.name)}>roll-outs and predictions</Link>}
          >
            <TrafficTable endpoint={endpoint} />
          </Panel>
        ))}
        <Panel title="Latest events" className={loop.endpoints.length % 2 ? 'span-5 stretch' : ''}>
          <LatestEvents project={project} />
        </Panel>
      </div>
    </>
  )
}

/** Made-up data is called so wherever it shows. */
export function Simulated() {
  return (
    <Badge tone="simulated" title="The world behind these figures is a seeded simulator, not measured data.">
      simulated
    </Badge>
  )
}

function tally(summary: LoopOverview['summary']): string {
  const parts = [`${plural(summary.predictions, 'prediction')}, ${count(summary.failed)} failed`]
  if (summary.retrainings > 0) parts.push(plural(summary.retrainings, 'retraining'))
  if (summary.promotions > 0) parts.push(plural(summary.promotions, 'promotion'))
  if (summary.rollbacks > 0) parts.push(plural(summary.rollbacks, 'roll-back'))
  return parts.join(' · ')
}

const NEED_TONES: Record<Need['kind'], Tone> = { certify: 'warn', alert: 'warn', failed_run: 'bad' }

/** What somebody did by hand, beside what the file says: applying the file again does not undo it. */
function DriftList({ drift }: { drift: LoopOverview['drift'] }) {
  return (
    <ul className="drifted">
      {drift.map(({ endpoint, what, file, server, why }) => (
        <li key={`${endpoint} ${what} ${server}`}>
          <Mark tone="warn" />
          <span>
            <b>{endpoint}</b>: {server}; the file says {file}
            <span className="note"> ({why})</span>
          </span>
        </li>
      ))}
    </ul>
  )
}

function Needs({ needs }: { needs: Need[] }) {
  if (needs.length === 0) {
    return (
      <Empty title="Nothing needs you">
        Alerts that the loop cannot settle by itself, versions to certify and runs that failed come here, each with its
        next action.
      </Empty>
    )
  }
  return (
    <Steady value={needs} newerText={newerBy((need) => `${need.kind} ${need.link}`, 'item')}>
      {(shown) => (
        <ul className="needs">
          {shown.map((need) => (
            <li key={`${need.kind} ${need.link}`}>
              <h3>
                <Mark tone={NEED_TONES[need.kind]} />
                {need.title}
              </h3>
              <p>{need.detail}</p>
              <div className="need-do" data-row>
                <Link className={need.kind === 'certify' ? 'button go' : 'button'} to={need.link}>
                  {need.action}
                </Link>
                <span className="note">
                  <Ago at={need.since} />
                </span>
              </div>
            </li>
          ))}
        </ul>
      )}
    </Steady>
  )
}

/** News among the audit's entries are few while a replay runs, so more are asked for than shown. */
const EVENTS_ASKED = 300
const EVENTS_SHOWN = 8

function LatestEvents({ project }: { project: string }) {
  const audit = useQuery(ask('governance', 'audit', { query: { project, limit: EVENTS_ASKED } }))
  const news = useMemo(() => newsOf(audit.data?.entries ?? [], project).slice(0, EVENTS_SHOWN), [audit.data, project])
  return (
    <Asked query={audit} skeleton={<Skeleton lines={8} />}>
      {() =>
        news.length === 0 ? (
          <Empty title="Nothing has happened yet" command="orrery run">
            Everything that is trained, registered, promoted or noticed is written down here with who did it.
          </Empty>
        ) : (
          <Steady value={news} newerText={newerBy((fact) => fact.id, 'event')}>
            {(shown) => (
              <ol className="events">
                {shown.map((fact) => (
                  <li key={fact.id} {...(fact.href ? { 'data-row': true } : {})}>
                    <Ago at={fact.at} />
                    <span className="event-text">
                      {fact.href ? (
                        <Link className="event-link" to={fact.href}>
                          {fact.text}
                        </Link>
                      ) : (
                        fact.text
                      )}
                      {fact.because && (
                        <span className="note" title={fact.because}>
                          {fact.because}
                        </span>
                      )}
                    </span>
                    <span className="note event-who">{fact.who}</span>
                  </li>
                ))}
              </ol>
            )}
          </Steady>
        )
      }
    </Asked>
  )
}

function LoopSkeleton({ project }: { project: string }) {
  return (
    <>
      <PageHead title={project}>
        <span className="visually-hidden">Loading</span>&nbsp;
      </PageHead>
      <div className="grid" aria-hidden="true">
        <div className="span-8">
          <Skeleton height={440} />
        </div>
        <div className="span-4">
          <Skeleton height={440} />
        </div>
        <Skeleton height={420} />
      </div>
    </>
  )
}

/** Where there is no project in the address: the only one, a choice, or how to make one. */
export function ProjectsPage() {
  useTitle('Projects')
  const projects = useQuery(ask('projects', 'listProjects'))
  return (
    <Asked query={projects} skeleton={<Skeleton height={200} />}>
      {(found) =>
        found.projects.length === 0 ? (
          <>
            <PageHead title="Welcome to Orrery" />
            <Panel title="No project yet">
              <Empty title="Projects stand here, each with its loop" command="orrery apply">
                A project is a folder with an <code>orrery.yaml</code>: its data, pipeline, gates, deployment and
                monitors. Apply one from its folder, or see a whole life first:
              </Empty>
              <Command text="npm run demo -- --keep" />
            </Panel>
          </>
        ) : (
          <>
            <PageHead title="Projects" />
            <ul className="projects">
              {found.projects.map((each) => (
                <li key={each.name} className="panel" data-row>
                  <h2>
                    <Link to={paths.loop(each.name)}>{each.name}</Link>
                    {each.simulated && <Simulated />}
                  </h2>
                  <p>{each.description}</p>
                  <p className="note">
                    applied <Ago at={each.appliedAt} />
                  </p>
                </li>
              ))}
            </ul>
          </>
        )
      }
    </Asked>
  )
}
