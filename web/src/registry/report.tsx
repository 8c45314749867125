import { useState } from 'react'
import type { EvaluationReport, FairnessReport, Perturbation, RobustnessReport } from '#evaluation/contract'
import { IntervalBar, sharedDomain } from '../charts/intervals.tsx'
import { metricDirection, metricName } from '../shell/metrics.ts'
import { count, figure, percent, signed } from '../shell/numbers.ts'
import { Badge, Mark } from '../shell/parts.tsx'

/** Every metric with its interval, the version it is compared with hollow beside it, and what a constant answer reaches. */
export function MetricTable({
  report,
  other,
  otherName,
}: {
  report: EvaluationReport
  other: EvaluationReport | null
  otherName: string
}) {
  const names = Object.keys(report.metrics).sort((a, b) => Number(b === report.metric) - Number(a === report.metric))
  return (
    <>
      <div className="scroll">
        <table className="metrics">
          <thead>
            <tr>
              <th>metric</th>
              <th className="n">value</th>
              <th className="n">95 % interval</th>
              <th aria-label="as a picture" />
              {other && <th className="n">{otherName}</th>}
              <th className="n">constant answer</th>
            </tr>
          </thead>
          <tbody>
            {names.map((name) => {
              const interval = report.metrics[name]!
              const rival = other?.metrics[name] ?? null
              const hasInterval = interval.lower95 !== null && interval.upper95 !== null
              return (
                <tr key={name} className={name === report.metric ? 'lead-metric' : ''}>
                  <th scope="row">
                    {metricName(name)} <span className="note">{arrow(name)}</span>
                  </th>
                  <td className="n">{figure(interval.value)}</td>
                  <td className="n">
                    {hasInterval ? `${figure(interval.lower95)} – ${figure(interval.upper95)}` : '–'}
                  </td>
                  <td className="interval-cell">
                    <IntervalBar
                      domain={sharedDomain([interval, rival])}
                      interval={interval}
                      other={rival}
                      label={`${metricName(name)} ${figure(interval.value)}`}
                    />
                  </td>
                  {other && <td className="n">{figure(rival?.value)}</td>}
                  <td className="n">{figure(report.baselineMetrics[name])}</td>
                </tr>
              )
            })}
          </tbody>
        </table>
      </div>
      {other && (
        <p className="note">
          ● this version, ○ {otherName}; each on its own test rows, so the gates, which compare on the same rows,
          decide.
        </p>
      )}
      {report.undefinedMetrics.length > 0 && (
        <p className="note">Not defined on these rows: {report.undefinedMetrics.map(metricName).join(', ')}.</p>
      )}
    </>
  )
}

const arrow = (metric: string) => ({ higher: '↑ better', lower: '↓ better', zero: '0 best' })[metricDirection(metric)]

const FEW_SEGMENTS = 12

export function Segments({ report }: { report: EvaluationReport }) {
  const [all, setAll] = useState(false)
  const { segments, metric, worst, minimumRows } = report.segments!
  const shown = all ? segments : segments.slice(0, FEW_SEGMENTS)
  const overall = report.metrics[metric]?.value ?? null
  const domain = sharedDomain(
    segments.map((segment) => segment.estimate),
    overall === null ? [] : [overall],
  )
  return (
    <>
      <div className="scroll">
        <table>
          <thead>
            <tr>
              <th>column</th>
              <th>segment</th>
              <th className="n">rows</th>
              <th className="n">{metricName(metric)}</th>
              <th aria-label="as a picture" />
            </tr>
          </thead>
          <tbody>
            {shown.map((segment) => (
              <tr key={`${segment.column} ${segment.segment}`}>
                <td>{segment.column}</td>
                <td className="nowrap">
                  {segment.segment}{' '}
                  {worst?.column === segment.column && worst.segment === segment.segment && (
                    <Badge tone="warn">worst</Badge>
                  )}
                </td>
                <td className="n">{count(segment.n)}</td>
                <td className="n">{segment.estimate ? figure(segment.estimate.value) : '–'}</td>
                <td className="interval-cell">
                  {segment.estimate ? (
                    <IntervalBar
                      domain={domain}
                      interval={segment.estimate}
                      line={overall}
                      label={`${figure(segment.estimate.lower95)} to ${figure(segment.estimate.upper95)}`}
                    />
                  ) : (
                    <span className="note">fewer than {minimumRows} rows, or one class only</span>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {segments.length > FEW_SEGMENTS && (
        <button type="button" className="linkish" onClick={() => setAll(!all)}>
          {all ? 'fewer' : `all ${segments.length} segments`}
        </button>
      )}
    </>
  )
}

export function Fairness({ reports }: { reports: readonly FairnessReport[] }) {
  return reports.map((report) => {
    const { disparateImpact, fourFifths } = report
    const domain = sharedDomain(report.groups.map((group) => group.selectionRate ?? group.meanError))
    return (
      <div key={report.column} className="fairness">
        <h3>
          {report.column}
          {fourFifths && (
            <Badge tone={fourFifths.passed ? 'ok' : fourFifths.conclusive ? 'bad' : 'warn'}>
              {fourFifths.passed ? 'four-fifths rule holds' : 'below four fifths'}
              {fourFifths.conclusive ? '' : ', not conclusive'}
            </Badge>
          )}
        </h3>
        {disparateImpact && (
          <p className="note">
            Disparate impact {figure(disparateImpact.value)} ({figure(disparateImpact.lower95)} –{' '}
            {figure(disparateImpact.upper95)}): {disparateImpact.group} against {report.reference}.
          </p>
        )}
        <div className="scroll">
          <table>
            <thead>
              <tr>
                <th>group</th>
                <th className="n">rows</th>
                <th className="n">selected</th>
                <th aria-label="as a picture" />
                <th className="n">truly favourable</th>
                <th className="n">true-positive rate</th>
                <th className="n">false-positive rate</th>
              </tr>
            </thead>
            <tbody>
              {report.groups.map((group) => {
                const shown = group.selectionRate ?? group.meanError
                return (
                  <tr key={group.group} className={group.compared ? '' : 'not-compared'}>
                    <td className="nowrap">
                      {group.group} {!group.compared && <span className="note">too few to compare</span>}
                    </td>
                    <td className="n">{count(group.n)}</td>
                    <td className="n">
                      {group.selectionRate ? percent(group.selectionRate.value) : figure(group.meanError?.value)}
                    </td>
                    <td className="interval-cell">
                      {shown && (
                        <IntervalBar
                          domain={domain}
                          interval={shown}
                          label={`${figure(shown.lower95)} to ${figure(shown.upper95)}`}
                        />
                      )}
                    </td>
                    <td className="n">{group.baseRate === null ? '–' : percent(group.baseRate)}</td>
                    <td className="n">{group.truePositiveRate ? percent(group.truePositiveRate.value) : '–'}</td>
                    <td className="n">{group.falsePositiveRate ? percent(group.falsePositiveRate.value) : '–'}</td>
                  </tr>
                )
              })}
            </tbody>
          </table>
        </div>
        {Object.keys(report.differences).length > 0 && (
          <p className="note">
            Largest gaps:{' '}
            {Object.entries(report.differences)
              .map(([name, gap]) => `${name.replaceAll('_', ' ')} ${figure(gap)}`)
              .join(' · ')}
          </p>
        )}
      </div>
    )
  })
}

/** A class that is one answer wrong in ten is easily seen; the diagonal is what was right. */
export function Confusion({ counts, classes }: { counts: readonly (readonly number[])[]; classes: readonly string[] }) {
  const nameOf = (c: number) => classes[c] ?? String(c)
  return (
    <div className="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">truth</th>
            {counts.map((_, c) => (
              <th key={nameOf(c)} scope="col" className="n">
                answered {nameOf(c)}
              </th>
            ))}
            <th scope="col" className="n">
              right
            </th>
          </tr>
        </thead>
        <tbody>
          {counts.map((row, truth) => {
            const rows = row.reduce((sum, each) => sum + each, 0)
            return (
              <tr key={nameOf(truth)}>
                <th scope="row">{nameOf(truth)}</th>
                {row.map((each, answer) => (
                  <td key={nameOf(answer)} className="n">
                    {answer === truth ? <b>{count(each)}</b> : count(each)}
                  </td>
                ))}
                <td className="n">{rows === 0 ? '–' : percent(row[truth]! / rows)}</td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </div>
  )
}

const perturbationWords = (perturbation: Perturbation) =>
  perturbation.kind === 'picture'
    ? perturbation.change
    : perturbation.kind === 'noise'
      ? `noise of ${percent(perturbation.level)} of each column's spread`
      : `${percent(perturbation.share)} of the cells missing`

export function Robustness({ report }: { report: RobustnessReport }) {
  return (
    <div className="scroll">
      <table>
        <thead>
          <tr>
            <th>perturbation</th>
            <th className="n">decided otherwise</th>
            <th className="n">mean shift</th>
            <th className="n">{metricName(report.metric)}</th>
            <th className="n">worse by</th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <td>none</td>
            <td className="n">–</td>
            <td className="n">–</td>
            <td className="n">{figure(report.unperturbed)}</td>
            <td className="n">–</td>
          </tr>
          {report.checks.map((check) => (
            <tr key={perturbationWords(check.perturbation)}>
              <td>{perturbationWords(check.perturbation)}</td>
              {check.failure ? (
                <td colSpan={4}>
                  <span className="state">
                    <Mark tone="bad" />
                    {check.failure}
                  </span>
                </td>
              ) : (
                <>
                  <td className="n">{check.flipped === null ? '–' : percent(check.flipped)}</td>
                  <td className="n">{figure(check.meanShift)}</td>
                  <td className="n">{figure(check.value)}</td>
                  <td className="n">{signed(check.loss)}</td>
                </>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
