import type { Evidence } from '#deployments/contract'
import { IntervalBar, sharedDomain } from '../charts/intervals.tsx'
import { metricName } from '../shell/metrics.ts'
import { count, figure, milliseconds, percent, signed } from '../shell/numbers.ts'
import { Mark } from '../shell/parts.tsx'

/** What was known of a candidate beside its champion: figures with their intervals, then the rules that looked at them. */
export function EvidenceTable({
  evidence,
  candidate,
  champion,
}: {
  evidence: Evidence
  candidate: string
  champion: string
}) {
  const { errors, latency, answers, quality, value, labels, requests, rank } = evidence
  const rate = (one: Evidence['errors']['candidate']) =>
    one.rate === null ? '–' : `${percent(one.rate)} (${count(one.count)})`
  return (
    <>
      <div className="scroll">
        <table className="evidence">
          <thead>
            <tr>
              <th>
                on {count(requests)} requests, {count(labels)} labels
              </th>
              <th className="n">{candidate}</th>
              <th className="n">{champion}</th>
              <th className="n">difference</th>
              <th aria-label="with its 95 % interval" />
            </tr>
          </thead>
          <tbody>
            {quality && (
              <Compared
                name={metricName(quality.metric)}
                candidate={figure(quality.candidate)}
                champion={figure(quality.champion)}
                difference={quality.improvement}
              />
            )}
            {value && (
              <Compared
                name={`value per decision${value.unit && ` (${value.unit})`}`}
                candidate={figure(value.candidate)}
                champion={figure(value.champion)}
                difference={value.improvement}
              />
            )}
            <tr>
              <th scope="row">errors</th>
              <td className={errors.candidate.count > 0 ? 'n bad' : 'n'}>{rate(errors.candidate)}</td>
              <td className="n">{rate(errors.champion)}</td>
              <td />
              <td />
            </tr>
            <tr>
              <th scope="row">time to answer, p50 · p99</th>
              <td className="n">{times(latency.candidate)}</td>
              <td className="n">{times(latency.champion)}</td>
              <td />
              <td />
            </tr>
            {answers && (
              <tr>
                <th scope="row">answers that differ</th>
                <td className="n" colSpan={2}>
                  {answers.changed === null ? '' : `${percent(answers.changed)} decided otherwise`}
                </td>
                <td className="n">{answers.psi === null ? '–' : `PSI ${figure(answers.psi)}`}</td>
                <td />
              </tr>
            )}
            {rank !== null && (
              <tr>
                <th scope="row">rank among the challengers</th>
                <td className="n">{rank}</td>
                <td colSpan={3} />
              </tr>
            )}
          </tbody>
        </table>
      </div>
      {evidence.conditions.length > 0 && (
        <ul className="rules">
          {evidence.conditions.map(({ condition, holds, explanation }) => (
            <li key={condition}>
              <Mark tone={holds ? 'warn' : 'idle'} />
              <div>
                <code>{condition}</code>
                <p className="note">
                  {holds ? <b>holds</b> : 'does not hold'}: {explanation}
                </p>
              </div>
            </li>
          ))}
        </ul>
      )}
    </>
  )
}

function Compared({
  name,
  candidate,
  champion,
  difference,
}: {
  name: string
  candidate: string
  champion: string
  difference: NonNullable<Evidence['quality']>['improvement']
}) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td className="n">{candidate}</td>
      <td className="n">{champion}</td>
      <td className="n">{difference ? `${signed(difference.value)} better` : '–'}</td>
      <td className="interval-cell">
        {difference && (
          <IntervalBar
            domain={sharedDomain([difference], [0])}
            interval={difference}
            line={0}
            label={`better by ${figure(difference.value)}, between ${figure(difference.lower95)} and ${figure(difference.upper95)}`}
          />
        )}
      </td>
    </tr>
  )
}

const times = (one: Evidence['latency']['candidate']) =>
  one ? `${milliseconds(one.p50)} · ${milliseconds(one.p99)}` : '–'
