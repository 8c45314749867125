import { METRICS } from '#evaluation'

/** Where a condition stands in the project file, which decides what it may refer to. */
export type ConditionKind = 'gate' | 'rollback' | 'drift' | 'quality' | 'fairness' | 'trigger'

/** A field of a type, or a variable of a kind. `ms` is a number shown as a duration. */
export interface Term {
  readonly type: 'number' | 'ms' | 'text' | 'flag' | TypeName | 'Segments'
  readonly about: string
}

export type TypeName =
  | 'Estimate'
  | 'Improvement'
  | 'Metrics'
  | 'Segment'
  | 'Champion'
  | 'ServedChampion'
  | 'Robustness'
  | 'Parity'
  | 'Latency'
  | 'Memory'
  | 'Explanation'
  | 'Answers'
  | 'Errors'
  | 'Fairness'
  | 'Cost'
  | 'Alerts'
  | 'Version'
  | 'Labels'

export type Terms = Readonly<Record<string, Term>>

const number = (about: string): Term => ({ type: 'number', about })
const ms = (about: string): Term => ({ type: 'ms', about })
const flag = (about: string): Term => ({ type: 'flag', about })

const estimate: Terms = {
  value: number('the figure; what is meant where only the name is written'),
  lower95: number('lower end of its 95 % confidence interval'),
  upper95: number('upper end of its 95 % confidence interval'),
  standard_error: number('its standard error'),
}

/** Every metric of every task, by name; a model has those of its task. */
const metrics: Terms = Object.fromEntries(
  Object.values(METRICS)
    .flatMap((byName) => Object.keys(byName))
    .map((name): [string, Term] => [name, { type: 'Estimate', about: name }]),
)

const improvement: Term = {
  type: 'Improvement',
  about: "how much better in the project's objective; above 0 is better, whether it is maximized or minimized",
}

/** What can stand after a dot, by type. */
export const TYPES: Readonly<Record<TypeName, Terms>> = {
  Estimate: estimate,
  Improvement: { ...estimate, relative: number('the improvement as a part of what it is compared with: 0.05 is 5 %') },
  Metrics: metrics,
  Segment: {
    column: { type: 'text', about: 'the column' },
    value: { type: 'text', about: 'the value of the column that all its rows share' },
    rows: number('how many rows'),
    metrics: { type: 'Metrics', about: 'metrics on these rows; each also without `metrics.`' },
    improvement: { ...improvement, about: 'against the champion on these rows' },
    ...metrics,
  },
  Champion: {
    version: number('its number'),
    metrics: { type: 'Metrics', about: 'its metrics on the same rows' },
    latency: { type: 'Latency', about: 'its time to answer' },
    segments: { type: 'Segments', about: 'its segments; `champion.segment(s)` is the one that matches s' },
  },
  ServedChampion: {
    version: number('its number'),
    errors: { type: 'Errors', about: 'its errors in the same time' },
    latency: { type: 'Latency', about: 'its time to answer in the same time' },
    quality: { type: 'Metrics', about: 'its metrics on the same rows' },
  },
  Robustness: {
    flips_under_noise: number('share of rows decided otherwise under noise; not for regression'),
    relative_change_under_noise: number('change of the objective under noise, as a part of it'),
  },
  Parity: {
    max_abs_difference: number('largest |packaged − trained| answer over the test rows'),
    max_scaled_difference: number(
      'largest |packaged − trained| / max(1, |trained|): absolute for probabilities, relative for large numbers',
    ),
    rows: number('how many rows were compared'),
  },
  Latency: { p50: ms('half the answers are faster'), p95: ms('95 % are faster'), p99: ms('99 % are faster') },
  Memory: {
    package: number('bytes of the package'),
    resident: number('bytes that the process grew by under load, at most'),
  },
  Explanation: {
    top1: number('share of its answers that rests on the strongest feature'),
    top3: number('share that rests on the three strongest features'),
    top5: number('share that rests on the five strongest features'),
    stability: number("share of the explanation that is the champion's, too: 1 where nothing moved"),
  },
  Answers: {
    changed: number('share of the requests that the two decide otherwise; not for regression'),
    psi: number('population stability index between the answers of the two'),
  },
  Errors: {
    rate: number('failed requests as a part of all'),
    count: number('failed requests'),
    requests: number('all requests'),
  },
  Fairness: {
    disparate_impact: {
      type: 'Estimate',
      about: 'lowest ratio of selection rates between groups, over all sensitive columns',
    },
    demographic_parity: number('largest gap between the selection rates of groups'),
    equal_opportunity: number('largest gap between the true positive rates of groups'),
    equalised_odds: number('largest gap between the true or false positive rates of groups'),
  },
  Cost: { estimated: number('estimated rise of the loss per row through the drift') },
  Alerts: {
    drift: flag('features moved, and it costs'),
    quality: flag('quality fell'),
    decay: flag('losses add up beyond what was promised'),
    fairness: flag('groups are treated too differently'),
  },
  Version: { number: number('its number'), age: ms('how long ago the newest row it was trained on is') },
  Labels: { new: number('labels that arrived since the champion was trained') },
}

const SAME_ROWS = "the candidate's metrics on the test rows"

/** What a condition may start with, by kind. */
export const VARIABLES: Readonly<Record<ConditionKind, Terms>> = {
  gate: {
    metrics: { type: 'Metrics', about: SAME_ROWS },
    champion: { type: 'Champion', about: 'the version in service, evaluated on the same rows' },
    improvement: { ...improvement, about: `${improvement.about}; against the champion on the same rows` },
    segments: { type: 'Segments', about: 'all segments; `segments("column")` those of one column' },
    robustness: { type: 'Robustness', about: 'answers under perturbed features' },
    parity: { type: 'Parity', about: 'the packaged model against the trained one' },
    latency: { type: 'Latency', about: "the candidate's time to answer under the load of staging" },
    memory: { type: 'Memory', about: 'what it takes, measured in staging' },
    explanation: { type: 'Explanation', about: 'what its answers rest on; `explanation.share("feature")` that of one' },
    fairness: { type: 'Fairness', about: 'how groups of the sensitive columns are treated' },
  },
  rollback: {
    errors: { type: 'Errors', about: 'of the new version, since its step of the roll-out began' },
    latency: { type: 'Latency', about: "the new version's time to answer" },
    quality: { type: 'Metrics', about: "the new version's metrics on the labels that arrived" },
    improvement: { ...improvement, about: `${improvement.about}; against the champion on the labels that arrived` },
    answers: {
      type: 'Answers',
      about: "how far the new version's answers differ from the champion's on the same requests",
    },
    value: { ...improvement, about: 'how much more a decision is worth than by the champion, in the unit of `value:`' },
    labels: number('how many labels arrived for its answers'),
    champion: { type: 'ServedChampion', about: 'the version it is to replace' },
  },
  drift: {
    psi: number('population stability index of the feature that moved most'),
    noise: number('the index that samples of this size show without any drift'),
    features: number('how many features moved beyond their noise'),
    rows: number('predictions in the window'),
    cost: { type: 'Cost', about: 'what the drift costs' },
  },
  quality: {
    ...metrics,
    baseline: { type: 'Metrics', about: 'what was measured at the release' },
    improvement: { ...improvement, about: `${improvement.about}; against what was measured at the release` },
    labels: number('labels in the window'),
  },
  fairness: {
    ...TYPES.Fairness,
    labels: number('labels in the window'),
  },
  trigger: {
    alert: { type: 'Alerts', about: 'which alerts are open' },
    version: { type: 'Version', about: 'the champion' },
    labels: { type: 'Labels', about: 'labels for the next training' },
  },
}

/** Functions and methods a condition may call; everything else CEL has is refused. */
export const FUNCTIONS: Readonly<Record<string, string>> = {
  duration: 'a duration in ms: duration("5ms"), duration("42d")',
  segments: 'segments of one column: segments("day_of_week"); gates only',
  abs: 'abs(x)',
  min: 'min(x, y)',
  max: 'max(x, y)',
}
export const METHODS: Readonly<Record<string, string>> = {
  all: 'segments.all(s, condition on s)',
  exists: 'segments.exists(s, condition on s)',
  filter: 'segments.filter(s, condition on s)',
  size: 'segments.size()',
  share: 'explanation.share("feature"): the share of its answers that rests on a feature',
  segment: "champion.segment(s): the champion's segment with the same column and value",
}
