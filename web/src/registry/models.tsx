import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, Navigate, useParams } from 'react-router'
import type { Model, ModelVersion } from '#registry/contract'
import { SharedCursor } from '../charts/cursor.tsx'
import { IntervalBar, sharedDomain } from '../charts/intervals.tsx'
import { InStep } from '../monitoring/in-step.tsx'
import { Asked } from '../shell/asked.tsx'
import { Failure } from '../shell/failure.tsx'
import { directionNote, metricName } from '../shell/metrics.ts'
import { figure, plural } from '../shell/numbers.ts'
import { Ago, Badge, Empty, More, newerBy, PageHead, Panel, SameAs, Skeleton, State, Steady } from '../shell/parts.tsx'
import { paths } from '../shell/paths.ts'
import { ask, pagesOf, server } from '../shell/server.ts'
import { useTitle } from '../shell/title.ts'
import { Because } from '../tracking/cause.tsx'
import { HistoryPanel } from './history.tsx'
import { NotesPanel } from './notes.tsx'
import './registry.css'
import { stateWords, VERSION_TONES } from './states.ts'

/** The project's models; where there is only one, that one. */
export function ModelsPage() {
  const { project = '' } = useParams()
  useTitle('Models', project)
  const models = useQuery(ask('registry', 'listModels', { query: { project } }))
  const others = useQuery(ask('registry', 'listModels', { query: { project: 'none' } })).data?.models ?? []
  return (
    <Asked query={models} skeleton={<Skeleton height={240} />}>
      {({ models: found }) =>
        found.length === 1 && others.length === 0 ? (
          <Navigate replace to={paths.model(project, found[0]!.name)} />
        ) : (
          <>
            <PageHead title="Models" />
            <Panel title="Registered models">
              {found.length === 0 ? (
                <Empty title="No model yet" command="orrery run">
                  A run registers its best candidate as version 1 of a model, with its report, gates and package.
                </Empty>
              ) : (
                <ModelList models={found} project={project} />
              )}
            </Panel>
            {others.length > 0 && (
              <Panel title="Models of no project" note="registered by training code">
                <ModelList models={others} project={project} />
              </Panel>
            )}
          </>
        )
      }
    </Asked>
  )
}

function ModelList({ models, project }: { models: readonly Model[]; project: string }) {
  return (
    <ul className="plain-list">
      {models.map((model) => (
        <li key={model.name} data-row>
          <Link to={paths.model(project, model.name)}>{model.name}</Link>{' '}
          <span className="note">{plural(model.versions, 'version')}</span> <Aliases aliases={model.aliases} />
        </li>
      ))}
    </ul>
  )
}

function Aliases({ aliases }: { aliases: Record<string, number> }) {
  return Object.entries(aliases).map(([name, version]) => (
    <Badge key={name} tone={name === 'champion' ? 'ok' : 'idle'}>
      {name} v{version}
    </Badge>
  ))
}

export function ModelPage() {
  const { project = '', model = '' } = useParams()
  useTitle(model, project)
  const found = useQuery(ask('registry', 'getModel', { params: { model } }))
  const endpoints = useQuery({ ...ask('loop', 'overview', { params: { project } }), enabled: project !== '' })
  const versions = useInfiniteQuery(pagesOf('registry', 'listVersions', { params: { model }, query: { limit: 25 } }))
  const serving = endpoints.data?.endpoints.filter((endpoint) => endpoint.model === model) ?? []
  return (
    <Asked query={found} skeleton={<Skeleton height={300} />}>
      {(one) => (
        <SharedCursor>
          <PageHead
            crumbs={[{ to: paths.models(project), text: 'Models' }]}
            title={one.name}
            badge={<Aliases aliases={one.aliases} />}
          >
            {plural(one.versions, 'version')} · changed <Ago at={one.updatedAt} />
          </PageHead>
          <div className="grid">
            {serving.map((endpoint) => (
              <Panel
                key={endpoint.name}
                title="How well it kept in step"
                note={`on ${endpoint.name}`}
                aside={<Link to={paths.endpoint(project, endpoint.name)}>endpoint</Link>}
              >
                <InStep project={project} endpoint={endpoint.name} model={model} height={240} />
              </Panel>
            ))}
            <Panel title="Versions">
              {versions.isError && !versions.data ? (
                <Failure error={versions.error} again={() => versions.refetch()} />
              ) : versions.data ? (
                <Steady
                  value={versions.data.pages.flatMap((page) => page.versions)}
                  newerText={newerBy((version) => version.version, 'version')}
                >
                  {(shown) => <Versions versions={shown} aliases={one.aliases} project={project} />}
                </Steady>
              ) : (
                <Skeleton lines={8} />
              )}
              <More query={versions} />
            </Panel>
            <HistoryPanel model={model} project={project} />
            <NotesPanel
              notes={one}
              save={(change) => server.registry.updateModel({ params: { model }, body: change })}
              about={model}
            />
          </div>
          <SameAs api={`/api/models/${model}/history`} cli={`orrery history ${model}`} />
        </SharedCursor>
      )}
    </Asked>
  )
}

/** The metric most versions have first: what the project judges by. */
export function leadMetric(version: Pick<ModelVersion, 'metrics' | 'signature'>): string | undefined {
  const { signature, metrics } = version
  const wanted = signature && { binary: 'roc_auc', multiclass: 'log_loss', regression: 'mae' }[signature.task]
  return wanted && wanted in metrics ? wanted : Object.keys(metrics)[0]
}

function Versions({
  versions,
  aliases,
  project,
}: {
  versions: readonly ModelVersion[]
  aliases: Record<string, number>
  project: string
}) {
  // Versions that training code registered have no metrics of their own.
  const metric = versions.map(leadMetric).find((name) => name !== undefined)
  const domain = sharedDomain(versions.map((version) => (metric && version.metrics[metric]) || null))
  if (versions.length === 0) return <Empty title="No version yet" command="orrery run" />
  const way = metric && directionNote(metric)
  return (
    <div className="scroll">
      <table className="versions">
        <thead>
          <tr>
            <th>version</th>
            <th>state</th>
            {metric && (
              <>
                <th className="n">{metricName(metric)}</th>
                <th>on its test rows, with 95 % interval{way ? ` (${way})` : ''}</th>
                <th>gates</th>
              </>
            )}
            <th>because</th>
            <th>made</th>
          </tr>
        </thead>
        <tbody>
          {versions.map((version) => {
            const interval = (metric && version.metrics[metric]) || null
            const passed = version.gates.filter((gate) => gate.passed).length
            return (
              <tr key={version.version} data-row>
                <td className="nowrap">
                  <Link to={paths.version(project, version.model, version.version)}>v{version.version}</Link>{' '}
                  {Object.entries(aliases)
                    .filter(([, of]) => of === version.version)
                    .map(([name]) => (
                      <Badge key={name} tone={name === 'champion' ? 'ok' : 'idle'}>
                        {name}
                      </Badge>
                    ))}
                </td>
                <td>
                  <State tone={VERSION_TONES[version.state]}>{stateWords(version.state)}</State>
                </td>
                {metric && (
                  <>
                    <td className="n">{figure(interval?.value)}</td>
                    <td className="interval-cell">
                      <IntervalBar
                        domain={domain}
                        interval={interval}
                        label={interval ? `${figure(interval.lower95)} to ${figure(interval.upper95)}` : 'not measured'}
                      />
                    </td>
                    <td className={passed === version.gates.length ? 'nowrap' : 'nowrap bad'}>
                      {version.state === 'registered' ? '–' : `${passed} of ${version.gates.length}`}
                    </td>
                  </>
                )}
                <td className="because clip">
                  <Because cause={version.cause} project={project} />
                </td>
                <td className="nowrap">
                  <Ago at={version.createdAt} />
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </div>
  )
}
