import type { EvaluationReport } from '#evaluation/contract'
import { type PackagedVersion, registryRoutes } from '#registry/contract'
import { Reliability } from '../charts/reliability.tsx'
import { metricName } from '../shell/metrics.ts'
import { bytes, count, figure, percent } from '../shell/numbers.ts'
import { Badge, Facts, Id, Mark, Panel } from '../shell/parts.tsx'
import { Confusion, Fairness, MetricTable, Robustness, Segments } from './report.tsx'

export type EvaluatedVersion = PackagedVersion & { report: EvaluationReport }

/** What the report of a version says, panel by panel. */
export function ReportPanels({
  version,
  other,
  otherName,
}: {
  version: EvaluatedVersion
  /** The version that serves, or did before, to compare with. */
  other: EvaluationReport | null
  otherName: string
}) {
  const { report, gates } = version
  const failed = gates.filter((gate) => !gate.passed).length
  return (
    <>
      <Panel title="Metrics" note={`on ${count(report.n)} test rows, judged by ${metricName(report.metric)}`}>
        {version.comparison && <Compared comparison={version.comparison} />}
        <MetricTable report={report} other={other} otherName={otherName} />
      </Panel>
      {report.confusion && (
        <Panel title="Confusion" note="test rows by what they are, and by what was answered">
          <Confusion counts={report.confusion} classes={version.signature.classes} />
        </Panel>
      )}
      <Panel
        title="Gates"
        note={failed === 0 ? `${gates.length} of ${gates.length} passed` : `${failed} of ${gates.length} did not pass`}
      >
        <Gates gates={gates} />
      </Panel>
      {report.segments && (
        <Panel title="Segments" note={`${metricName(report.segments.metric)}; the dashed line is all rows together`}>
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
    </>
  )
}

/** What one row of a request is to it. */
function taken({ image, features }: EvaluatedVersion['signature']): string {
  if (!image) return `${count(features.length)} features`
  return `pictures, seen as ${image.width} × ${image.height}${image.channels === 1 ? ' grey' : ''} pixels`
}

/** What it is made of, beside its report. */
export function PackagePanels({ version, report }: { version: PackagedVersion; report: EvaluationReport | null }) {
  return (
    <>
      <Panel title="Package">
        <PackageFacts version={version} />
      </Panel>
      {version.importance.length > 0 && (
        <Panel title="What it leans on" note="share of what its answers owe to each feature">
          <Importance importance={version.importance} />
        </Panel>
      )}
      {report?.calibration && report.calibration.length > 0 && (
        <Panel title="Calibration" note="what it promised, what came true">
          <Reliability bins={report.calibration} />
        </Panel>
      )}
    </>
  )
}

/** The verdict the gates had: both versions on the same rows. */
function Compared({ comparison }: { comparison: NonNullable<EvaluatedVersion['comparison']> }) {
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

function Gates({ gates }: { gates: EvaluatedVersion['gates'] }) {
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

function PackageFacts({ version }: { version: PackagedVersion }) {
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
          version.promisedLoss !== null && ['promised loss per row', figure(version.promisedLoss)],
          ['takes', `${taken(version.signature)}, gives ${version.signature.label}`],
        ]}
      />
      <p className="buttons">
        <a
          className="button"
          href={packagePath(version.model, version.version)}
          download={`${version.model}-v${version.version}.${version.package.format === 'onnx' ? 'onnx' : 'package'}`}
        >
          {version.package.format === 'onnx' ? 'Download ONNX' : 'Download the package'}
        </a>
      </p>
    </>
  )
}

const MOST_IMPORTANT = 12

function Importance({ importance }: { importance: EvaluatedVersion['importance'] }) {
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
