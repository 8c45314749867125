import type { Frame } from '#platform/table'
import type { Estimate, FairnessGroup, FairnessReport, Task } from './contract.ts'
import { Z95 } from './distributions.ts'
import { meanInterval } from './estimates.ts'
import { type GroupingOptions, groupRows, type RowGroup, takeScored } from './groups.ts'
import { predictedClasses } from './multiclass.ts'
import { wilson } from './proportion.ts'
import { classCount, type Values } from './scored.ts'

export interface FairnessOptions extends GroupingOptions {
  /** Binary: scores from here on are decided 1; 0.5 unless told. */
  readonly threshold?: number
  /** Binary: the decision that people want, 1 unless told (0 when the model predicts a default or a denial). */
  readonly favourable?: 0 | 1
  /** Groups below it are shown but not compared; 30 unless told. */
  readonly minimumRows?: number
}

/**
 * How the groups of each sensitive column are treated.
 *
 * Binary: selection rates with their lowest ratio (disparate impact, interval by the log-ratio method) and largest gap
 * (demographic parity); gaps of the true positive rate (equal opportunity; Hardt et al. 2016) and the larger of that and
 * the false positive rate's (equalised odds), defined as in fairlearn. The four-fifths rule (29 CFR 1607.4 D, 1978)
 * compares with the group that is selected most. Multiclass: accuracy. Regression: mean error, so who is promised too
 * much or too little.
 */
export function fairnessOf(
  task: Task,
  truth: Values,
  scores: Values,
  frame: Frame,
  columns: readonly string[],
  options: FairnessOptions = {},
): FairnessReport[] {
  return columns.map((column) => {
    const minimumRows = options.minimumRows ?? 30
    const groups = groupRows(frame, column, options).map((group): FairnessGroup => {
      const part = takeScored(truth, scores, group.rows)
      return {
        ...UNMEASURED,
        group: group.group,
        n: group.rows.length,
        compared: isCompared(group, minimumRows),
        ...measures(task, part.truth, part.scores, options),
      }
    })
    return report(column, groups, minimumRows)
  })
}

// Rows whose group is unknown, or that are lumped together, are not a group that could be treated unfairly.
function isCompared({ group, rows }: RowGroup, minimumRows: number): boolean {
  return rows.length >= minimumRows && group !== 'missing' && group !== 'other'
}

const UNMEASURED = {
  selectionRate: null,
  baseRate: null,
  truePositiveRate: null,
  falsePositiveRate: null,
  ratio: null,
  accuracy: null,
  meanError: null,
  meanAbsoluteError: null,
}

function measures(task: Task, truth: Values, scores: Values, options: FairnessOptions): Partial<FairnessGroup> {
  if (task === 'regression') {
    const errors = scores.map((score, i) => score - truth[i]!)
    return { meanError: meanInterval(errors), meanAbsoluteError: meanInterval(errors.map(Math.abs)) }
  }
  if (task === 'multiclass') {
    const predicted = predictedClasses(scores, classCount(truth, scores))
    return { accuracy: wilson(predicted.filter((c, i) => c === truth[i]).length, truth.length) }
  }
  return rates(truth, scores, options.threshold ?? 0.5, options.favourable ?? 1)
}

/** Rates of the favourable decision: over all, over those it was right for (TPR), over those it was wrong for (FPR). */
function rates(truth: Values, scores: Values, threshold: number, favourable: 0 | 1): Partial<FairnessGroup> {
  let selected = 0
  let deserving = 0
  let rightly = 0
  for (let i = 0; i < truth.length; i++) {
    const given = (scores[i]! >= threshold ? 1 : 0) === favourable
    const deserved = truth[i] === favourable
    if (given) selected++
    if (deserved) deserving++
    if (given && deserved) rightly++
  }
  const n = truth.length
  return {
    selectionRate: wilson(selected, n),
    baseRate: deserving / n,
    truePositiveRate: deserving > 0 ? wilson(rightly, deserving) : null,
    falsePositiveRate: deserving < n ? wilson(selected - rightly, n - deserving) : null,
  }
}

function report(column: string, groups: FairnessGroup[], minimumRows: number): FairnessReport {
  const compared = groups.filter((group) => group.compared)
  const reference = compared.reduce<FairnessGroup | undefined>(
    (best, group) => ((group.selectionRate?.value ?? -1) > (best?.selectionRate?.value ?? -1) ? group : best),
    undefined,
  )
  const withRatios = groups.map((group) =>
    reference && group.compared && group.selectionRate ? { ...group, ratio: rateRatio(group, reference) } : group,
  )
  const lowest = lowestRatio(withRatios, reference)
  return {
    column,
    minimumRows,
    groups: withRatios,
    reference: reference?.group ?? null,
    disparateImpact: lowest,
    fourFifths: lowest && {
      passed: lowest.value >= 0.8,
      conclusive: lowest.lower95! >= 0.8 || lowest.upper95! < 0.8,
    },
    differences: differences(compared),
  }
}

function lowestRatio(
  groups: readonly FairnessGroup[],
  reference: FairnessGroup | undefined,
): (Estimate & { group: string }) | null {
  let lowest: (Estimate & { group: string }) | null = null
  for (const { group, ratio } of groups) {
    if (ratio && group !== reference?.group && (!lowest || ratio.value < lowest.value)) lowest = { ...ratio, group }
  }
  return lowest
}

/**
 * Ratio of two selection rates with the interval of Katz et al. (1978), normal on the logarithm. Half a row is added to
 * both counts (and one to both sizes) where either group was never selected, as the logarithm needs.
 */
function rateRatio(group: FairnessGroup, reference: FairnessGroup): Estimate {
  const rate = group.selectionRate!.value
  const best = reference.selectionRate!.value
  // Nobody is selected anywhere: all are treated alike.
  if (best === 0) return { value: 1, lower95: 0, upper95: 1 }
  if (group.group === reference.group) return { value: 1, lower95: 1, upper95: 1 }
  const add = rate === 0 ? 0.5 : 0
  const [x1, n1] = [rate * group.n + add, group.n + 2 * add]
  const [x2, n2] = [best * reference.n + add, reference.n + 2 * add]
  const reach = Z95 * Math.sqrt(1 / x1 - 1 / n1 + 1 / x2 - 1 / n2)
  const centre = Math.log(x1 / n1 / (x2 / n2))
  return {
    value: rate / best,
    lower95: rate === 0 ? 0 : Math.exp(centre - reach),
    upper95: Math.exp(centre + reach),
  }
}

function differences(compared: readonly FairnessGroup[]): Record<string, number> {
  const gapOf = (measure: (group: FairnessGroup) => Estimate | null) => {
    const values = compared.flatMap((group) => measure(group)?.value ?? [])
    return values.length > 1 ? Math.max(...values) - Math.min(...values) : undefined
  }
  const opportunity = gapOf((group) => group.truePositiveRate)
  const falseAlarm = gapOf((group) => group.falsePositiveRate)
  const gaps = {
    demographic_parity: gapOf((group) => group.selectionRate),
    equal_opportunity: opportunity,
    equalised_odds:
      opportunity === undefined || falseAlarm === undefined ? undefined : Math.max(opportunity, falseAlarm),
    accuracy: gapOf((group) => group.accuracy),
    mean_error: gapOf((group) => group.meanError),
  }
  return Object.fromEntries(Object.entries(gaps).flatMap(([name, gap]) => (gap === undefined ? [] : [[name, gap]])))
}
