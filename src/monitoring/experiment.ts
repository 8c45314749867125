import type { Experiment, ExperimentEvidence } from '#deployments/contract'
import { type ArmMean, armMean, rowLosses, sampleSize, sequentialTest } from '#evaluation'
import type { DecisionValue } from '#projects'
import type { Signature } from '#registry/contract'
import { worthOf } from './decision-value.ts'
import type { LabelledRows } from './labelled-rows.ts'
import { figure } from './wording.ts'

export interface ExperimentVerdict {
  readonly evidence: ExperimentEvidence
  readonly decided: 'promote' | 'keep' | undefined
  readonly words: string
}

/**
 * What the two arms of an experiment have come to: each answer counts for the arm that gave it, and answers of one key
 * together. Every look may be the last: the interval holds at all of them at once.
 *
 * @param before the always-valid p-value of the looks before
 * @param over the experiment has run as long as it may
 */
export function judgeExperiment({
  labelled,
  experiment,
  signature,
  value,
  before,
  over,
}: {
  labelled: LabelledRows
  experiment: Experiment
  signature: Signature
  value: DecisionValue | undefined
  before: number | null
  over: boolean
}): ExperimentVerdict {
  const { metric, minEffect, alpha, power, baseRate, otherwise } = experiment
  const scores = scoresOf(labelled, metric, signature, value)
  const key = experiment.by && 'column' in experiment.by ? experiment.by.column : undefined
  const armOf = (route: 'stable' | 'canary') => {
    const units = new Map<string, { sum: number; count: number }>()
    labelled.rows.forEach((row, i) => {
      if (row.route !== route || scores === undefined) return
      const of = key === undefined ? undefined : row.inputs[key]
      const unit = of === undefined || of === null ? `id ${row.id}` : `key ${of}`
      const known = units.get(unit) ?? { sum: 0, count: 0 }
      units.set(unit, { sum: known.sum + scores[i]!, count: known.count + 1 })
    })
    return armMean(units.values())
  }
  const control = armOf('stable')
  const treatment = armOf('canary')
  const test = sequentialTest(control, treatment, { minEffect, alpha })
  const p = test ? Math.min(test.p, before ?? 1) : before
  // No difference that would matter is left inside the interval: going on would not change what is done.
  const small = test !== undefined && test.upper < minEffect
  const decided = !test ? 'no' : test.lower > 0 ? 'better' : test.upper < 0 ? 'worse' : 'no'
  const share = treatment.answers / (control.answers + treatment.answers)
  const variance = varianceOfOne(control, metric, baseRate)
  const evidence: ExperimentEvidence = {
    metric,
    arms: { control: shown(control), treatment: shown(treatment) },
    difference: test?.difference ?? null,
    lower: test?.lower ?? null,
    upper: test?.upper ?? null,
    p,
    ...{ alpha, minEffect, decided },
    needed:
      variance > 0 && share > 0 && share < 1
        ? sampleSize({ variance, minEffect, alpha, power, share }).sequential
        : null,
  }
  const found = test
    ? `${metric} ${signed(test.difference)} (${figure(test.lower)} to ${figure(test.upper)}), p ${figure(p!)}`
    : `${metric}: ${control.units} and ${treatment.units} units, too few to tell`
  if (decided === 'better') return { evidence, decided: 'promote', words: `${found}: better` }
  if (decided === 'worse') return { evidence, decided: 'keep', words: `${found}: worse` }
  if (!small && !over) return { evidence, decided: undefined, words: found }
  const why = small ? `no gain of ${figure(minEffect)} is left to be found` : 'its time is over, undecided'
  const then = otherwise === 'promote' ? 'promoted, as the project says' : 'the control is kept'
  return { evidence, decided: otherwise, words: `${found}: ${why}; ${then}` }
}

/** One number per row, above is better; undefined where the metric means nothing for the task. */
function scoresOf(
  { rows, truth, served }: LabelledRows,
  metric: Experiment['metric'],
  { task, classes }: Signature,
  value: DecisionValue | undefined,
): Float64Array | undefined {
  if (metric === 'outcome') return truth
  if (metric === 'loss' || task === 'regression') return rowLosses(task, truth, served).map((loss) => -loss)
  const width = task === 'multiclass' ? classes.length : 1
  const answer = (i: number) => {
    if (task === 'binary') return served[i]! >= 0.5 ? 1 : 0
    let best = 0
    for (let k = 1; k < width; k++) if (served[i * width + k]! > served[i * width + best]!) best = k
    return best
  }
  const worth = metric === 'value' ? value && worthOf(value, task) : (a: number, t: number) => (a === t ? 1 : 0)
  return worth && Float64Array.from(rows, (_, i) => worth(answer(i), truth[i]!))
}

function varianceOfOne(control: ArmMean, metric: string, baseRate: number | null): number {
  const isRate = metric === 'correct' || metric === 'outcome'
  if (isRate && baseRate !== null && baseRate > 0 && baseRate < 1) return baseRate * (1 - baseRate)
  return control.variance * control.answers
}

const shown = ({ answers, units, mean }: ArmMean) => ({ answers, units, mean: Number.isFinite(mean) ? mean : null })

const signed = (value: number) => `${value >= 0 ? '+' : ''}${figure(value)}`
