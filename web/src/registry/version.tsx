import { useQuery } from '@tanstack/react-query'
import { useParams } from 'react-router'
import type { EvaluationReport } from '#evaluation/contract'
import { type ModelVersion, registryRoutes } from '#registry/contract'
import { Reliability } from '../charts/reliability.tsx'
import { Asked } from '../shell/asked.tsx'
import { metricName } from '../shell/metrics.ts'
import { bytes, count, figure, percent } from '../shell/numbers.ts'
import { Ago, Badge, Facts, Id, Mark, PageHead, Panel, SameAs, Skeleton, State } from '../shell/parts.tsx'
import { paths } from '../shell/paths.ts'
import { ask } from '../shell/server.ts'
import { eventMinute } from '../shell/times.ts'
import { useTitle } from '../shell/title.ts'
import { Because } from '../tracking/cause.tsx'
import { Code } from '../tracking/run.tsx'
import { CertifyPanel } from './certify.tsx'
import { Fairness, MetricTable, Robustness, Segments } from './report.tsx'
import './registry.css'
import { stateWords, VERSION_TONES } from './states.ts'

type Version = ModelVersion & { report: EvaluationReport }

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
  const { model, report, gates } = version
  const aliases = useQuery(ask('registry', 'getModel', { params: { model } })).data?.aliases ?? {}
  const champion = aliases.champion
  const rival = champion !== undefined && champion !== version.version ? champion : aliases.previous
  const compared = useQuery({
    ...ask('registry', 'getVersion', { params: { model, version: rival ?? 0 } }),
    enabled: rival !== undefined && rival !== version.version,
  })
  // An alias that says the state again says nothing.
  const named = Object.entries(aliases).filter(([name, of]) => of === version.version && name !== version.state)
  const failed = gates.filter((gate) => !gate.passed).length
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
            {named.map(([name]) => (
              <Badge key={name} tone={name === 'champion' ? 'ok' : 'idle'}>
                {name}
              </Badge>
            ))}
          </>
        }
      >
        <Because cause={version.cause} project={project} />
      </PageHead>
      {version.report.warnings.length > 0 && (
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
          <Panel title="Metrics" note={`on ${count(report.n)} test rows, judged by ${metricName(report.metric)}`}>
            {version.comparison && <Compared comparison={version.comparison} />}
            <MetricTable report={report} other={compared.data?.report ?? null} otherName={rival ? `v${rival}` : ''} />
          </Panel>
          <Panel
            title="Gates"
            note={
              failed === 0 ? `${gates.length} of ${gates.length} passed` : `${failed} of ${gates.length} did not pass`
            }
          >
            <Gates gates={gates} />
          </Panel>
          {report.segments && (
            <Panel
              title="Segments"
              note={`${metricName(report.segments.metric)}; the dashed line is all rows together`}
            >
              <Segments report={report} />
            </Panel>
          )}
          {report.fairness.length > 0 && (
            <Panel title="Fairness">
              <Fairness reports={report.fairness} />
            </Panel>
          )}
          {report.robustness && (
            <Panel title="Robustness" note={`${count(report.robustness.rows)} rows, perturbed`}>
              <Robustness report={report.robustness} />
            </Panel>
          )}
        </div>
        <div className="span-4 stack">
          <CertifyPanel version={version} />
          <Panel title="Where it comes from">
            <Origin version={version} project={project} />
          </Panel>
          <Panel title="Package">
            <PackageFacts version={version} />
          </Panel>
          {version.importance.length > 0 && (
            <Panel title="What it leans on" note="share of what its answers owe to each feature">
              <Importance importance={version.importance} />
            </Panel>
          )}
          {report.calibration && report.calibration.length > 0 && (
            <Panel title="Calibration" note="what it promised, what came true">
              <Reliability bins={report.calibration} />
            </Panel>
          )}
        </div>
      </div>
      <SameAs api={`/api/models/${model}/versions/${version.version}`} />
    </>
  )
}

/** The verdict the gates had: both versions on the same rows. */
function Compared({ comparison }: { comparison: NonNullable<Version['comparison']> }) {
  const verdict = comparison.improvement?.verdict
  return (
    <p className="compared">
      {verdict && (
        <Badge tone={verdict === 'worse' ? 'bad' : 'ok'}>
          {verdict.replace('_', ' ')} than v{comparison.version}
        </Badge>
      )}{' '}
      {comparison.explanation}
    </p>
  )
}

function Gates({ gates }: { gates: Version['gates'] }) {
  if (gates.length === 0) return <p className="note">This project has no gates.</p>
  return (
    <ul className="gates">
      {gates.map((gate) => (
        <li key={gate.condition}>
          <Mark tone={gate.passed ? 'ok' : 'bad'} />
          <div>
            <code>{gate.condition}</code>
            <p className="note">
              {gate.passed ? 'passed' : <b className="bad">not passed</b>}: {gate.explanation}
            </p>
          </div>
        </li>
      ))}
    </ul>
  )
}

function Origin({ version, project }: { version: Version; project: string }) {
  return (
    <Facts
      rows={[
        ['run', <Id key="run" value={version.pipelineRun} to={paths.run(project, version.pipelineRun)} />],
        ['winning trial', <Id key="trial" value={version.run} to={paths.trial(project, version.run)} />],
        [
          'data',
          <Id key="data" value={version.dataVersion} to={`${paths.data(project)}?version=${version.dataVersion}`} />,
        ],
        version.trainedUntil !== null && ['knows the world until', eventMinute(version.trainedUntil)],
        ['code', <Code key="code" code={version.code} />],
        [
          'environment',
          <span key="env" className="mono">
            {Object.entries(version.environment)
              .map(([name, of]) => `${name} ${of}`)
              .join(' · ')}
          </span>,
        ],
        ['made', <Ago key="made" at={version.createdAt} />],
      ]}
    />
  )
}

function PackageFacts({ version }: { version: Version }) {
  const { parity } = version.package
  return (
    <>
      <Facts
        rows={[
          ['format', `${version.package.format.toUpperCase()}, preprocessing inside`],
          ['sha256', <Id key="hash" value={version.package.hash} tail={false} chars={12} />],
          ['size', bytes(version.package.size)],
          [
            'parity with the trainer',
            `largest difference ${figure(parity.maxAbsDifference)} on ${count(parity.rows)} rows`,
          ],
          ['promised loss per row', figure(version.promisedLoss)],
          ['takes', `${count(version.signature.features.length)} features, gives ${version.signature.label}`],
        ]}
      />
      <p className="buttons">
        <a
          className="button"
          href={packagePath(version.model, version.version)}
          download={`${version.model}-v${version.version}.onnx`}
        >
          Download ONNX
        </a>
      </p>
    </>
  )
}

const MOST_IMPORTANT = 12

function Importance({ importance }: { importance: Version['importance'] }) {
  const shown = [...importance].sort((a, b) => b.share - a.share).slice(0, MOST_IMPORTANT)
  const most = shown[0]?.share || 1
  return (
    <ul className="importance">
      {shown.map(({ feature, share }) => (
        <li key={feature}>
          <span className="mono">{feature}</span>
          <span className="bar" aria-hidden="true">
            <i style={{ width: `${(share / most) * 100}%` }} />
          </span>
          <span className="mono">{percent(share)}</span>
        </li>
      ))}
    </ul>
  )
}

const packagePath = (model: string, version: number) =>
  registryRoutes.downloadPackage.path.replace(':model', encodeURIComponent(model)).replace(':version', String(version))
