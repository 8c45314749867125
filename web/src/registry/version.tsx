import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from 'react-router'
import type { EvaluationReport } from '#evaluation/contract'
import { isPackaged, type ModelVersion } from '#registry/contract'
import { DataUsed } from '../data/made-of.tsx'
import { Asked } from '../shell/asked.tsx'
import { Ago, Badge, Facts, Id, Mark, PageHead, Panel, SameAs, Skeleton, State } from '../shell/parts.tsx'
import { paths } from '../shell/paths.ts'
import { ask, server } from '../shell/server.ts'
import { eventMinute } from '../shell/times.ts'
import { useTitle } from '../shell/title.ts'
import { Because } from '../tracking/cause.tsx'
import { Code } from '../tracking/run.tsx'
import { CertifyPanel } from './certify.tsx'
import { type EvaluatedVersion, PackagePanels, ReportPanels } from './evaluated.tsx'
import { GraphPicture, graphOf } from './graph.tsx'
import { NotesPanel } from './notes.tsx'
import { PackagingPanel } from './packaging.tsx'
import './registry.css'
import { stateWords, VERSION_TONES } from './states.ts'
import { TakeAlongPanel } from './take-along.tsx'

type Version = ModelVersion & { report: EvaluationReport | null }

const isEvaluated = (version: Version): version is Version & EvaluatedVersion =>
  isPackaged(version) && version.report !== null

export function VersionPage() {
  const { project = '', model = '', version = '' } = useParams()
  const found = useQuery(ask('registry', 'getVersion', { params: { model, version: Number(version) } }))
  useTitle(`${model} v${version}`, project)
  return (
    <Asked query={found} skeleton={<Skeleton height={360} />}>
      {(one) => <OneVersion version={one} project={project} />}
    </Asked>
  )
}

function OneVersion({ version, project }: { version: Version; project: string }) {
  const { model } = version
  const params = { model, version: version.version }
  const aliases = useQuery(ask('registry', 'getModel', { params: { model } })).data?.aliases ?? {}
  const champion = aliases.champion
  const graph = graphOf(version)
  const rival = champion !== undefined && champion !== version.version ? champion : aliases.previous
  const compared = useQuery({
    ...ask('registry', 'getVersion', { params: { model, version: rival ?? 0 } }),
    enabled: rival !== undefined && rival !== version.version,
  })
  // An alias that says the state again says nothing.
  const named = version.aliases.filter((name) => name !== version.state)
  return (
    <>
      <PageHead
        crumbs={[
          { to: paths.models(project), text: 'Models' },
          { to: paths.model(project, model), text: model },
        ]}
        title={`${model} v${version.version}`}
        badge={
          <>
            <State tone={VERSION_TONES[version.state]}>{stateWords(version.state)}</State>
            {version.stage !== 'none' && <Badge title="the stage that MLflow’s clients see">{version.stage}</Badge>}
            {named.map((name) => (
              <Badge key={name} tone={name === 'champion' ? 'ok' : 'idle'}>
                {name}
              </Badge>
            ))}
          </>
        }
      >
        <Because cause={version.cause} project={project} />
        {isPackaged(version) && (
          <>
            {' · '}
            <Link to={paths.certificate(project, model, version.version)}>certification report</Link>
          </>
        )}
      </PageHead>
      {version.report && version.report.warnings.length > 0 && (
        <ul className="warnings">
          {version.report.warnings.map((warning) => (
            <li key={warning}>
              <Mark tone="warn" />
              {warning}
            </li>
          ))}
        </ul>
      )}
      <div className="grid">
        <div className="span-8 stack">
          {graph && (
            <Panel title="How it answers" note="composed of versions that answer together">
              <GraphPicture graph={graph} project={project} />
            </Panel>
          )}
          {isEvaluated(version) ? (
            <ReportPanels
              version={version}
              other={compared.data?.report ?? null}
              otherName={rival ? `v${rival}` : ''}
            />
          ) : (
            <PackagingPanel version={version} />
          )}
          <NotesPanel
            notes={version}
            save={(change) => server.registry.updateVersion({ params, body: change })}
            about={`v${version.version}`}
          />
        </div>
        <div className="span-4 stack">
          {isPackaged(version) && <CertifyPanel version={version} />}
          <Panel title="Where it comes from">
            <Origin version={version} project={project} />
          </Panel>
          {isPackaged(version) && <PackagePanels version={version} report={version.report} />}
          {isPackaged(version) && version.package.format === 'onnx' && <TakeAlongPanel version={version} />}
        </div>
      </div>
      <SameAs api={`/api/models/${model}/versions/${version.version}`} />
    </>
  )
}

function Origin({ version, project }: { version: Version; project: string }) {
  const { pipelineRun, run, dataVersion, loggedModel, runLink } = version
  const environment = Object.entries(version.environment)
  return (
    <Facts
      rows={[
        pipelineRun !== null && ['run', <Id key="run" value={pipelineRun} to={paths.run(project, pipelineRun)} />],
        run !== null && [
          pipelineRun === null ? 'run' : 'winning trial',
          <Id key="trial" value={run} to={paths.trial(project, run)} />,
        ],
        runLink !== null && ['run elsewhere', runLink],
        loggedModel !== null && ['logged model', <Id key="logged" value={loggedModel} />],
        [
          'source',
          <code key="source" className="source">
            {version.source}
          </code>,
        ],
        dataVersion !== null && ['data', <DataUsed key="data" project={project} version={dataVersion} />],
        version.trainedUntil !== null && ['knows the world until', eventMinute(version.trainedUntil)],
        version.code !== null && ['code', <Code key="code" code={version.code} />],
        environment.length > 0 && [
          'environment',
          <span key="env" className="mono">
            {environment.map(([name, of]) => `${name} ${of}`).join(' · ')}
          </span>,
        ],
        ['registered by', version.by],
        ['made', <Ago key="made" at={version.createdAt} />],
      ]}
    />
  )
}
