import { rocAuc } from '#evaluation'
import { takeRows } from '#platform/table'
import { formatDuration } from '#platform/time'
import type { DataVersion, LabelFacts } from '../contract.ts'
import type { Duck } from '../duckdb.ts'
import { readFrameWith } from '../frame.ts'
import { featureColumns } from '../schema.ts'
import { name, parquet, text } from '../sql.ts'
import type { Characteristic, LabelSuspect, Measure, Scorecard } from './contract.ts'
import { agreement, contradictions, segmentCounts } from './facts.ts'
import { characteristic, count, gradeBy, percent } from './grade.ts'
import { type LabelIssue, labelIssues, type OutOfFold, outOfFold } from './label-errors.ts'

/** Rows that models are fitted on for label errors and relevance, evenly spread. */
const SAMPLED = 20_000
const FEWEST = 200
const MOST_CLASSES = 20
const SUSPECTS = 50

export interface ScorecardInput {
  version: Pick<DataVersion, 'rows' | 'schema' | 'profile' | 'createdAt'>
  /** Columns by which rows are expected to come from everywhere; and those fairness is measured by. */
  segments?: readonly string[] | undefined
  sensitive?: readonly string[] | undefined
  ignore?: readonly string[] | undefined
  id?: string | undefined
  labelArrivesAfter?: number | undefined
  /** Rows that are known to be right, as Parquet, and the columns that name them. */
  reference?: { path: string; key: readonly string[] } | undefined
}

/**
 * The five characteristics of a version's data (accuracy, completeness, reliability, relevance, timeliness), each from
 * measures that are computed, with formula, grade and what to do. How old the data is depends on when one asks: see
 * `timeliness`.
 */
export async function scoreTable(duck: Duck, path: string, input: ScorecardInput): Promise<Scorecard> {
  const { version } = input
  const { label } = version.profile
  const features = featureColumns(version.schema, { label: label?.column, id: input.id, ignore: input.ignore })
  const learned = label && (await learn(duck, path, version.rows, label, features))
  return {
    rows: version.rows,
    sampled: learned?.rows ?? 0,
    characteristics: [
      await accuracy(duck, path, input, label, learned),
      await completeness(duck, path, input),
      await reliability(duck, path, input, features),
      relevance(input, features, learned),
    ],
    suspects: learned && label ? suspectsOf(learned, label) : [],
  }
}

interface Learned {
  rows: number
  /** Numbers of the rows in the table, from 0. */
  places: Int32Array
  target: Float64Array
  found: OutOfFold
  issues: LabelIssue[]
}

/** What can be learned of the label from the features, row by row by models that did not see the row. */
async function learn(
  duck: Duck,
  path: string,
  rows: number,
  label: LabelFacts,
  features: readonly string[],
): Promise<Learned | null> {
  if (label.task === 'regression' || label.classes.length > MOST_CLASSES || features.length === 0) return null
  const every = Math.max(1, Math.ceil(rows / SAMPLED))
  const slice = await readFrameWith(duck, path, { columns: features, label, rows: { every } })
  const known = [...slice.target!.keys()].filter((row) => !Number.isNaN(slice.target![row]!))
  if (known.length < FEWEST) return null
  const places = Int32Array.from(known, (row) => row * every)
  const target = Float64Array.from(known, (row) => slice.target![row]!)
  const present = new Set(target)
  if (present.size < label.classes.length || [...present].some((k) => target.filter((one) => one === k).length < 8))
    return null
  const problem = { task: label.task as 'binary' | 'multiclass', classes: label.classes }
  const found = outOfFold(problem, takeRows(slice.frame, known), target)
  return { rows: known.length, places, target, found, issues: labelIssues(target, found) }
}

function suspectsOf({ issues, places }: Learned, { classes }: LabelFacts): LabelSuspect[] {
  return issues.slice(0, SUSPECTS).map(({ row, given, suggested, confidence }) => ({
    row: places[row]! + 1,
    given: classes[given]!,
    suggested: classes[suggested]!,
    confidence,
  }))
}

/** Accuracy: are the values true? Measured against rows that are known to be right, and the labels against each other. */
async function accuracy(
  duck: Duck,
  path: string,
  { reference }: ScorecardInput,
  label: LabelFacts | null,
  learned: Learned | null,
): Promise<Characteristic> {
  const agreed = reference ? await agreement(duck, path, reference.path, reference.key) : null
  const share = agreed && agreed.cells > 0 ? agreed.agreeing / agreed.cells : null
  const suspected = learned ? learned.issues.length / learned.rows : null
  return characteristic('accuracy', 'Are the values true?', [
    {
      name: 'agreement with a reference sample',
      value: share,
      unit: 'share',
      formula:
        'cells equal to those of the reference ÷ cells known there, rows matched by key (ISO/IEC 25024, syntactic and semantic accuracy)',
      observed:
        share === null
          ? agreed
            ? 'no row of the reference is in the table'
            : 'no reference sample was given'
          : `${percent(share)} of ${count(agreed!.cells)} cells in ${count(agreed!.matched)} rows agree${agreed!.worst && agreed!.worst.share < 1 ? `; least in ${agreed!.worst.column} (${percent(agreed!.worst.share)})` : ''}`,
      grade: gradeBy(share, [0.995, 0.98, 0.95, 0.9], 'more'),
      todo:
        share === null
          ? 'Have a few hundred rows checked by people, and name them as the reference.'
          : share < 0.98
            ? 'Look at the column that agrees least, at its source.'
            : null,
    },
    {
      name: 'labels that are likely wrong',
      value: suspected,
      unit: 'share',
      formula:
        'rows off the diagonal of the confident joint ÷ labelled rows, probabilities out of fold (confident learning: Northcutt, Jiang & Chuang 2021)',
      observed:
        suspected === null
          ? label
            ? 'it needs a class to predict, features, and at least 200 labelled rows'
            : 'there is no label'
          : `${percent(suspected)} of ${count(learned!.rows)} rows look like another class than they are labelled`,
      grade: gradeBy(suspected, [0.02, 0.05, 0.1, 0.2], 'less'),
      todo:
        suspected !== null && suspected > 0.02
          ? 'Have the suspects labelled again, most doubtful first; where the outcome is partly chance, some of them are right.'
          : null,
    },
  ])
}

/** Completeness: is everything there? Cells, times, and the groups that rows should come from. */
async function completeness(
  duck: Duck,
  path: string,
  { version, segments = [] }: ScorecardInput,
): Promise<Characteristic> {
  const { columns } = version.schema
  const missing = columns.reduce((sum, column) => sum + column.missing, 0) / Math.max(1, version.rows * columns.length)
  const emptiest = columns.toSorted((a, b) => b.missing - a.missing)[0]
  const measures: Measure[] = [
    {
      name: 'missing cells',
      value: missing,
      unit: 'share',
      formula: 'cells without a value ÷ rows × columns (ISO/IEC 25012, completeness)',
      observed: `${percent(missing)} of the cells${emptiest && emptiest.missing > 0 ? `; most in ${emptiest.name} (${percent(emptiest.missing / version.rows)})` : ''}`,
      grade: gradeBy(missing, [0.005, 0.02, 0.05, 0.2], 'less'),
      todo:
        missing > 0.02 && emptiest
          ? `Ask why ${emptiest.name} is missing so often; leave it out, or say what missing means.`
          : null,
    },
  ]
  const { time } = version.profile
  if (time) {
    const whole = time.rows.slice(1, -1)
    const empty = whole.length === 0 ? null : whole.filter((rows) => rows === 0).length / whole.length
    measures.push({
      name: 'periods without rows',
      value: empty,
      unit: 'share',
      formula: 'whole periods between the first and the last row that hold none ÷ all of them',
      observed:
        empty === null
          ? 'the rows span too short a time'
          : `${percent(empty)} of ${count(whole.length)} periods of ${formatDuration(time.period)}`,
      grade: gradeBy(empty, [0, 0.01, 0.05, 0.2], 'less'),
      todo: empty ? 'Find out whether nothing happened then, or nothing was delivered.' : null,
    })
  }
  for (const column of segments) {
    if (!columns.some((one) => one.name === column)) continue
    const counts = await segmentCounts(duck, path, column)
    const least = counts.toSorted((a, b) => a.rows - b.rows)[0]!
    const small = counts.filter((one) => one.rows < 100).reduce((sum, one) => sum + one.rows, 0) / version.rows
    const scarce = counts.filter((one) => one.rows < 100).length / counts.length
    measures.push({
      name: `coverage of ${column}`,
      value: scarce,
      unit: 'share',
      formula:
        'values of the segment with fewer than 100 rows ÷ its values; a metric of fewer rows has an interval too wide to act on',
      observed: `${count(counts.length)} values; least ${least.value} with ${count(least.rows)} rows; ${percent(small)} of the rows are in such small ones`,
      grade: gradeBy(scarce, [0, 0.05, 0.2, 0.5], 'less'),
      todo: scarce > 0 ? `Collect more rows of ${least.value}, or merge small values of ${column}.` : null,
    })
  }
  return characteristic('completeness', 'Is everything there?', measures)
}

/** Reliability: does the data contradict itself, repeat itself, or speak of some more than of others? */
async function reliability(
  duck: Duck,
  path: string,
  { version, sensitive = [] }: ScorecardInput,
  features: readonly string[],
): Promise<Characteristic> {
  const { label, depth } = version.profile
  const measures: Measure[] = []
  if (label && label.task !== 'regression' && features.length > 0) {
    const found = await contradictions(duck, path, features, label.column)
    const known = version.rows - label.missing
    const share = known === 0 ? null : found.rows / known
    measures.push({
      name: 'contradictions',
      value: share,
      unit: 'share',
      formula:
        'rows with the same features as others but not their most frequent label ÷ labelled rows: no model can be right about them',
      observed: `${count(found.rows)} rows in ${count(found.groups)} groups of equal features`,
      grade: gradeBy(share, [0.001, 0.01, 0.05, 0.1], 'less'),
      todo:
        share && share > 0.01
          ? 'A feature that tells these rows apart is missing, or labels are given at random: look at a group.'
          : null,
    })
  }
  if (depth) {
    const share = version.rows === 0 ? null : depth.repeated.rows / version.rows
    measures.push({
      name: 'repeated rows',
      value: share,
      unit: 'share',
      formula: `rows equal to an earlier one in every column ÷ rows${depth.repeated.exact ? '' : ', from a slice by hash'}`,
      observed: `${count(depth.repeated.rows)} rows`,
      grade: gradeBy(share, [0.0005, 0.005, 0.02, 0.1], 'less'),
      todo:
        share && share > 0.0005
          ? 'Expect `no_duplicates`, and quarantine what repeats: a row in training and test makes a model look better than it is.'
          : null,
    })
  }
  for (const column of sensitive) {
    if (!label || label.task === 'regression' || !version.schema.columns.some((one) => one.name === column)) continue
    measures.push(await bias(duck, path, column, label))
  }
  return characteristic('reliability', 'Does it contradict or repeat itself, or favour some?', measures)
}

/** How unequal the label's most frequent outcome is between groups, before any model. */
async function bias(duck: Duck, path: string, column: string, label: LabelFacts): Promise<Measure> {
  const favoured = label.task === 'binary' ? label.classes[1]! : label.classes[0]!
  const groups = await duck.rows<{ value: string; share: number; rows: number }>(
    `SELECT coalesce(CAST(${name(column)} AS VARCHAR), 'missing') AS value, count(*) AS rows,
       avg((${isClass(label.column, favoured)})::INTEGER) AS share
     FROM ${parquet(path)} WHERE ${name(label.column)} IS NOT NULL GROUP BY 1 HAVING count(*) >= 30 ORDER BY 1 LIMIT 100`,
  )
  const shares = groups.map((one) => one.share)
  const ratio = groups.length < 2 || Math.max(...shares) === 0 ? null : Math.min(...shares) / Math.max(...shares)
  const [low, high] = [
    groups.find((one) => one.share === Math.min(...shares)),
    groups.find((one) => one.share === Math.max(...shares)),
  ]
  return {
    name: `equal outcomes by ${column}`,
    value: ratio,
    unit: 'score',
    formula: `least share of "${favoured}" in a group ÷ greatest (disparate impact; below 0.8 is adverse by the four-fifths rule, 29 CFR 1607.4 D)`,
    observed:
      ratio === null
        ? 'there are no two groups of 30 rows'
        : `${low!.value} ${percent(low!.share)}, ${high!.value} ${percent(high!.share)}`,
    grade: gradeBy(ratio, [0.95, 0.9, 0.8, 0.6], 'more'),
    todo:
      ratio !== null && ratio < 0.8
        ? 'Ask whether the outcome was fair when the labels were made: a model learns it as it is.'
        : null,
  }
}

/** A class of numbers is written as a number: 1 and 1.0 are one. */
function isClass(column: string, value: string): string {
  const number =
    value.trim() !== '' && Number.isFinite(Number(value))
      ? ` OR TRY_CAST(${name(column)} AS DOUBLE) = ${Number(value)}`
      : ''
  return `CAST(${name(column)} AS VARCHAR) = ${text(value)}${number}`
}

/** Relevance: do the features say something of this label? */
function relevance({ version }: ScorecardInput, features: readonly string[], learned: Learned | null): Characteristic {
  const { columns, leakage } = version.profile
  const signal = learned && signalOf(learned)
  const useless = columns.filter(
    (column) => features.includes(column.name) && column.flags.some((flag) => USELESS.has(flag)),
  )
  const share = features.length === 0 ? null : useless.length / features.length
  return characteristic('relevance', 'Does it say something of this label?', [
    {
      name: 'signal for the label',
      value: signal,
      unit: 'score',
      formula:
        'mean over classes of the ROC-AUC, one class against the others, of probabilities out of fold; 0.5 is none',
      observed:
        signal === null
          ? 'it needs a class to predict, and at least 200 labelled rows'
          : `AUC ${signal.toFixed(3)} on ${count(learned!.rows)} rows`,
      // Nearly perfect is no better than good: it is suspicious, which the leakage below says.
      grade: gradeBy(signal, [0.8, 0.7, 0.62, 0.55], 'more'),
      todo:
        signal !== null && signal < 0.62
          ? 'Ask those who know the field what decides the outcome, and bring it in as a feature.'
          : null,
    },
    {
      name: 'features without use',
      value: share,
      unit: 'share',
      formula:
        'features that are constant, empty, nearly constant, mostly missing, or say what another says ÷ features',
      observed:
        useless.length === 0
          ? 'none'
          : `${useless
              .slice(0, 5)
              .map((one) => one.name)
              .join(', ')}${useless.length > 5 ? ` and ${useless.length - 5} more` : ''}`,
      grade: gradeBy(share, [0.05, 0.15, 0.3, 0.6], 'less'),
      todo: useless.length > 0 ? 'List them under `ignore`: they cost time, and fail when their source does.' : null,
    },
    {
      name: 'leaks',
      value: leakage.length,
      unit: 'count',
      formula: 'features that alone nearly give the label away (AUC ≥ 0.99, λ ≥ 0.95 or rank correlation ≥ 0.95)',
      observed: leakage.length === 0 ? 'none found' : leakage.map((one) => one.column).join(', '),
      grade: gradeBy(leakage.length, [0, 0, 0, 1], 'less'),
      todo: leakage.length > 0 ? 'Ask whether it is known before the label is; if not, list it under `ignore`.' : null,
    },
  ])
}

const USELESS = new Set(['constant', 'empty', 'nearly_constant', 'mostly_missing', 'redundant'])

function signalOf({ target, found: { probabilities, classes } }: Learned): number {
  const ofClass = (k: number) =>
    rocAuc(
      target.map((one) => (one === k ? 1 : 0)),
      Float64Array.from(target, (_, row) => probabilities[row * classes + k]!),
    )
  const aucs = classes === 2 ? [ofClass(1)] : Array.from({ length: classes }, (_, k) => ofClass(k))
  return aucs.reduce((sum, one) => sum + one, 0) / aucs.length
}
