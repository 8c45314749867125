import { useMemo } from 'react'
import type { Rollout, RolloutLook } from '#deployments/contract'
import { TimeChart } from '../charts/time-chart.tsx'
import { useZoom } from '../charts/zoom.ts'
import { metricName } from '../shell/metrics.ts'
import { count, figure, percent } from '../shell/numbers.ts'
import { Empty, Facts } from '../shell/parts.tsx'

/** Looks over the time of the requests where all have one, otherwise by the clock. */
function timesOf(looks: readonly RolloutLook[]): number[] {
  const byEvent = looks.every(({ eventTime }) => eventTime !== null) && new Set(looks.map((l) => l.eventTime)).size > 1
  return looks.map(({ eventTime, at }) => (byEvent ? eventTime! : at))
}

/** Candidate and champion over the looks, on the same labelled requests; the band is how sure their difference is. */
export function Curves({ looks, rollout }: { looks: readonly RolloutLook[]; rollout: Rollout }) {
  const zoom = useZoom()
  const known = useMemo(() => looks.filter(({ evidence }) => evidence.quality !== null), [looks])
  const drawn = useMemo(() => {
    const quality = known.map(({ evidence }) => evidence.quality!)
    const end = (side: 'lower95' | 'upper95') =>
      quality.map(({ champion, candidate, improvement }) => {
        const bound = improvement?.[side]
        if (bound == null || champion === null || candidate === null || improvement === null) return null
        // Better may mean lower: the interval of the difference is put round the candidate on the metric's own axis.
        const sign = Math.sign(candidate - champion) === Math.sign(improvement.value) ? 1 : -1
        return champion + sign * bound
      })
    return {
      times: timesOf(known),
      metric: quality[0]?.metric ?? '',
      series: [
        {
          name: `v${rollout.version}`,
          look: 'loop' as const,
          values: quality.map(({ candidate }) => candidate),
          band: { lower: end('lower95'), upper: end('upper95') },
        },
        {
          name: rollout.from === null ? 'champion' : `v${rollout.from}`,
          look: 'reference' as const,
          values: quality.map(({ champion }) => champion),
        },
      ],
    }
  }, [known, rollout.version, rollout.from])
  if (known.length < 2)
    return (
      <Empty title="Both curves will stand here">
        As soon as labels come in, each look compares the candidate with the champion on the same requests.
      </Empty>
    )
  return (
    <TimeChart
      title={`${metricName(drawn.metric)} of both versions since v${rollout.version} is live`}
      name={`${rollout.endpoint}-v${rollout.version}-${drawn.metric}`}
      times={drawn.times}
      series={drawn.series}
      format={figure}
      zoom={zoom}
      height={240}
      readout={(i) => [
        ['labels', count(known[i]!.evidence.labels)],
        ['requests', count(known[i]!.evidence.requests)],
      ]}
    />
  )
}

/** An experiment: its confidence sequence over time, how far it is, and what its two arms have come to. */
export function ExperimentPanel({ looks, rollout }: { looks: readonly RolloutLook[]; rollout: Rollout }) {
  const zoom = useZoom()
  const known = useMemo(() => looks.filter(({ evidence }) => evidence.experiment !== null), [looks])
  const drawn = useMemo(() => {
    const found = known.map(({ evidence }) => evidence.experiment!)
    return {
      times: timesOf(known),
      series: [
        {
          name: 'difference',
          look: 'loop' as const,
          values: found.map(({ difference }) => difference),
          band: { lower: found.map(({ lower }) => lower), upper: found.map(({ upper }) => upper) },
        },
      ],
    }
  }, [known])
  const last = known.at(-1)?.evidence.experiment
  const { experiment } = rollout
  if (!last || !experiment)
    return (
      <Empty
        title="The experiment will stand here"
        command="orrery rollout sample-size --base-rate 0.1 --min-effect 0.01"
      >
        Its interval may be looked at at any time: it holds at every look at once.
      </Empty>
    )
  const answers = last.arms.control.answers + last.arms.treatment.answers
  const share = last.needed === null ? null : Math.min(1, answers / last.needed)
  return (
    <>
      <TimeChart
        title={`Difference of ${last.metric}, treatment minus control, with its confidence sequence`}
        name={`${rollout.endpoint}-v${rollout.version}-experiment`}
        times={drawn.times}
        series={drawn.series}
        limits={[
          { value: 0, label: 'no difference' },
          { value: experiment.minEffect, label: 'least that matters' },
        ]}
        format={figure}
        zoom={zoom}
        height={260}
        note={`The band holds the true difference at every look at once, with ${percent(1 - experiment.alpha)} confidence.`}
      />
      <div className="scroll">
        <table>
          <thead>
            <tr>
              <th>arm</th>
              <th className="n">answers</th>
              <th className="n">{experiment.by ? `by ${Object.values(experiment.by)[0]}` : 'units'}</th>
              <th className="n">mean {last.metric}</th>
            </tr>
          </thead>
          <tbody>
            {(['control', 'treatment'] as const).map((arm) => (
              <tr key={arm}>
                <th scope="row">
                  {arm} <span className="note">v{arm === 'control' ? rollout.from : rollout.version}</span>
                </th>
                <td className="n">{count(last.arms[arm].answers)}</td>
                <td className="n">{count(last.arms[arm].units)}</td>
                <td className="n">{figure(last.arms[arm].mean)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {share !== null && (
        <div className="needed">
          <div className="needed-bar" aria-hidden="true">
            <i className="needed-part" style={{ width: `${share * 100}%` }} />
          </div>
          <p className="note">
            {count(answers)} of at most {count(last.needed!)} answers, which a difference of{' '}
            {figure(experiment.minEffect)} takes to be seen with a chance of {percent(experiment.power)}. A larger one
            is seen sooner.
          </p>
        </div>
      )}
      <Facts
        rows={[
          ['difference', `${figure(last.difference)} (${figure(last.lower)} to ${figure(last.upper)})`],
          ['always-valid p', figure(last.p)],
          ['decided', last.decided === 'no' ? 'not yet' : last.decided],
          ['when undecided at its end', experiment.otherwise === 'keep' ? 'the control is kept' : 'it is promoted'],
        ]}
      />
    </>
  )
}
