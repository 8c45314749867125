import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from 'react-router'
import type { FeatureStatistics, FeatureViewInfo, SkewMeasure } from '#features/contract'
import { Asked } from '../shell/asked.tsx'
import { count, figure, percent } from '../shell/numbers.ts'
import { Ago, Badge, Command, Empty, Facts, Mark, PageHead, Panel, SameAs, Skeleton } from '../shell/parts.tsx'
import { paths } from '../shell/paths.ts'
import { ask } from '../shell/server.ts'
import { eventMinute, span } from '../shell/times.ts'
import { useTitle } from '../shell/title.ts'
import { Standing } from './freshness.tsx'
import { Rejected, Stream } from './stream.tsx'
import { UsedBy } from './used-by.tsx'
import './features.css'

/** One feature view: what it means, what its features are like, how fresh it is, and who uses it. */
export function FeatureViewPage() {
  const { project = '', view: name = '' } = useParams()
  useTitle(name, project)
  const view = useQuery(ask('features', 'getFeatureView', { params: { project, view: name } }))
  return (
    <Asked query={view} skeleton={<Skeleton height={500} />}>
      {(one) => (
        <>
          <PageHead
            crumbs={[{ to: paths.features(project), text: 'Features' }]}
            title={one.name}
            badge={<Badge>version {one.version}</Badge>}
          >
            {one.description || 'No description yet.'}
          </PageHead>
          <div className="grid">
            <div className="span-8 stack">
              <Panel title="Features" note={one.entities.length > 0 ? `by ${one.entities.join(', ')}` : undefined}>
                {one.onDemand ? <Expressions view={one} /> : <Columns view={one} before={versionBefore(one)} />}
              </Panel>
              {one.sql && (
                <Panel title="Query" note={`over ${one.from.join(', ')}`}>
                  <pre className="query">{one.sql.trim()}</pre>
                </Panel>
              )}
              <Panel title="Used by">
                <UsedBy project={project} uses={one.usedBy} columns={one.columns.map((column) => column.name)} />
              </Panel>
              {one.stream && one.stream.rejected > 0 && (
                <Panel title="Set aside" note="messages that were no rows of this view">
                  <Rejected project={project} view={one.name} />
                </Panel>
              )}
              {one.state && (
                <Panel title="Materializations" note="what was written to the online store">
                  <Past materializations={one.materializations} project={project} view={one.name} />
                </Panel>
              )}
            </div>
            <div className="span-4 stack">
              <Panel title="Definition">
                {one.onDemand ? (
                  <ComputedFrom view={one} onDemand={one.onDemand} project={project} />
                ) : (
                  <Definition view={one} />
                )}
              </Panel>
              <Panel title="Online" aside={<Standing view={one} />}>
                <Online view={one} project={project} />
              </Panel>
              {one.stream && (
                <Panel title="Stream" note="read by this server">
                  <Stream stream={one.stream} />
                </Panel>
              )}
              <Panel title="Versions" note="each gives other values">
                <ul className="versions-of-view">
                  {one.versions.map(({ version, since }) => (
                    <li key={version}>
                      <b>{version}</b>{' '}
                      <span className="note">
                        since <Ago at={since} />
                      </span>
                    </li>
                  ))}
                </ul>
              </Panel>
            </div>
          </div>
          <SameAs
            api={`/api/projects/${project}/features/${one.name}`}
            cli={`orrery features online ${project} ${asked(one)
              .map((key) => `${key}=…`)
              .join(' ')}`}
          />
        </>
      )}
    </Asked>
  )
}

/** What a request names: whom it is about, and what only it knows. */
const asked = ({ entities, onDemand }: FeatureViewInfo) => [...entities, ...Object.keys(onDemand?.request ?? {})]

function Expressions({ view: { columns } }: { view: FeatureViewInfo }) {
  return (
    <div className="scroll">
      <table>
        <thead>
          <tr>
            <th>feature</th>
            <th>type</th>
            <th>is computed as</th>
          </tr>
        </thead>
        <tbody>
          {columns.map(({ name, type, description, expression }) => (
            <tr key={name} data-row>
              <td>
                {name}
                {description && <div className="note">{description}</div>}
              </td>
              <td>{type}</td>
              <td>
                <code className="expression">{expression}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function ComputedFrom({
  view,
  onDemand: { views, request },
  project,
}: {
  view: FeatureViewInfo
  onDemand: NonNullable<FeatureViewInfo['onDemand']>
  project: string
}) {
  const values = Object.entries(request)
  return (
    <Facts
      rows={[
        ['owner', view.owner || 'nobody yet'],
        views.length > 0 && [
          'from views',
          <span key="views">
            {views.map((name, i) => (
              <span key={name}>
                {i > 0 && ', '}
                <Link to={paths.feature(project, name)}>{name}</Link>
              </span>
            ))}
          </span>,
        ],
        values.length > 0 && ['from the request', values.map(([name, type]) => `${name} (${type})`).join(', ')],
        ['for training', 'the same, after the point-in-time join'],
      ]}
    />
  )
}

interface VersionOfView {
  version: number
  statistics: FeatureStatistics[]
}

/** The last version before the one that answers which was ever materialized. */
function versionBefore({ state, versions }: { state: FeatureViewInfo['state']; versions: VersionOfView[] }) {
  const answering = state?.version ?? 0
  return versions.find(({ version, statistics }) => version < answering && statistics.length > 0)
}

function Columns({ view: { columns, state }, before }: { view: FeatureViewInfo; before: VersionOfView | undefined }) {
  const statisticsOf = (name: string) => state?.statistics.find((one) => one.name === name)
  return (
    <div className="scroll">
      <table>
        <thead>
          <tr>
            <th>feature</th>
            <th>type</th>
            <th className="n">missing</th>
            <th className="n">distinct</th>
            <th>the middle 90 %, or what is most frequent</th>
          </tr>
        </thead>
        <tbody>
          {columns.map(({ name, type, description }) => {
            const found = statisticsOf(name)
            const earlier = before?.statistics.find((one) => one.name === name)
            return (
              <tr key={name} data-row>
                <td>
                  {name}
                  {description && <div className="note">{description}</div>}
                </td>
                <td>{type}</td>
                <td className="n">{found && found.rows > 0 ? percent(found.missing / found.rows) : '–'}</td>
                <td className="n">{found ? count(found.distinct) : '–'}</td>
                <td>
                  {found ? shapeOf(found) : '–'}
                  {earlier && (
                    <div className="note">
                      version {before!.version}: {shapeOf(earlier)}
                    </div>
                  )}
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </div>
  )
}

function shapeOf({ numbers, top, rows }: FeatureStatistics): string {
  if (numbers) return `${figure(numbers.p05)} to ${figure(numbers.p95)}, half above ${figure(numbers.p50)}`
  if (!top || top.length === 0) return '–'
  return top
    .slice(0, 3)
    .map(({ value, count: n }) => `${value} ${percent(n / rows)}`)
    .join(', ')
}

function Definition({ view }: { view: FeatureViewInfo }) {
  return (
    <Facts
      rows={[
        ['owner', view.owner || 'nobody yet'],
        view.stream === null && ['from', view.from.join(', ')],
        ['entities', view.entities.join(', ')],
        view.time !== null && ['time', view.time],
        view.created !== null && ['created', view.created],
        ['a row holds', view.ttl === null ? 'until the next one' : span(view.ttl)],
        view.online && view.every !== null && ['follows the data', `every ${span(view.every)}`],
      ]}
    />
  )
}

function Online({ view, project }: { view: FeatureViewInfo; project: string }) {
  const { state } = view
  if (view.onDemand)
    return (
      <p className="note">Computed for each request; nothing of it is kept. It is as fresh as the views it is from.</p>
    )
  if (!state) return <p className="note">Joined for training, not kept for single entities.</p>
  return (
    <>
      {state.failure && (
        <p className="warning">
          <Mark tone="bad" />
          <span>
            {state.failure.message} <span className="note">{state.failure.hint}</span>
          </span>
        </p>
      )}
      {state.version === null && view.stream && (
        <p className="note">
          Rows are kept as the stream tells them; they are compared with its log after the first materialization.
        </p>
      )}
      {state.version === null && !view.stream && (
        <Empty title="Nothing is kept yet" command={`orrery features materialize ${project} --views ${view.name}`} />
      )}
      {state.version !== null && (
        <Facts
          rows={[
            ['entities', count(state.entities)],
            state.youngest !== null && ['youngest row', eventMinute(state.youngest)],
            state.materializedAt !== null && ['followed the data', <Ago key="at" at={state.materializedAt} />],
            ...(state.skew ? skewRows(state.skew) : []),
          ]}
        />
      )}
    </>
  )
}

function skewRows(skew: SkewMeasure): (readonly [string, React.ReactNode] | false)[] {
  const columns = Object.entries(skew.columns).filter(([, differing]) => differing > 0)
  return [
    ['compared', `${count(skew.sampled)} entities`],
    ['as in the data', count(skew.equal)],
    skew.ahead > 0 && ['pushed ahead of it', count(skew.ahead)],
    skew.behind > 0 && ['behind it', count(skew.behind)],
    skew.missing > 0 && ['missing', count(skew.missing)],
    skew.different > 0 && ['different', `${count(skew.different)}: ${columns.map(([name]) => name).join(', ')}`],
    ['measured', <Ago key="measured" at={skew.measuredAt} />],
  ]
}

function Past({
  materializations,
  project,
  view,
}: {
  materializations: readonly {
    id: string
    startedAt: number
    finishedAt: number | null
    changed: number
    written: number
    entities: number
  }[]
  project: string
  view: string
}) {
  if (materializations.length === 0) return <p className="note">None yet.</p>
  return (
    <>
      <div className="scroll">
        <table>
          <thead>
            <tr>
              <th>when</th>
              <th className="n">changed</th>
              <th className="n">entities</th>
              <th className="n">took</th>
            </tr>
          </thead>
          <tbody>
            {materializations.map(({ id, startedAt, finishedAt, changed, written, entities }) => (
              <tr key={id} data-row>
                <td>
                  <Ago at={startedAt} />
                </td>
                <td className="n">{finishedAt === null ? `${count(written)} of ${count(changed)}` : count(changed)}</td>
                <td className="n">{count(entities)}</td>
                <td className="n">{finishedAt === null ? 'writing' : span(finishedAt - startedAt)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Command text={`orrery features materialize ${project} --views ${view}`} />
    </>
  )
}
