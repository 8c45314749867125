import { readFile } from 'node:fs/promises'
import { arch, platform } from 'node:os'
import {
  baselineOf,
  buildReport,
  type ChampionComparison,
  compareWithChampion,
  type Distribution,
  type EvaluationReport,
  rowLosses,
} from '#evaluation'
import { takeRows } from '#platform/table'
import type { BuiltinTraining, DataSpec } from '#projects/contract'
import type { Signature } from '#runtime/contract'
import { loadModel } from '#runtime'
import { exportOnnx, featureImportance, predict, type TabularModel } from '#trainer'
import { fitTrials, refit } from './fit-trials.ts'
import { type HeldBack, holdBackRecent } from './held-back.ts'
import { checkParity, leaveFile, type Parity, releaseRequests } from './package.ts'
import { pick, type TrainingTable } from './table.ts'
import { paramsOf, trialsOf } from './trials.ts'
import { mix, pickBest } from './winner.ts'

export interface Champion {
  readonly onnx: string
  readonly signature: Signature
  readonly version: number
  /** Rows up to here may have trained it, so it is compared on later ones only. */
  readonly trainedUntil: number | null
}

/** What the child process is given: paths and plain data, no database. */
export interface BuildInput {
  readonly set: DataSpec
  readonly training: BuiltinTraining
  /** Rows of the dataset version's split. */
  readonly split: HeldBack
  readonly champion: Champion | null
  /** Where files are left. */
  readonly folder: string
}

export interface BuiltTrial {
  name: string
  params: Record<string, string>
  metrics: Record<string, number>
  /** Part of the winner's answer. */
  weight: number
  startedAt: number
  endedAt: number
}

/** A candidate as it leaves the child; files by path. */
export interface Built {
  trials: BuiltTrial[]
  signature: Signature
  files: { onnx: string; model: string; requests: string }
  parity: Parity
  report: EvaluationReport
  comparison: (ChampionComparison & { version: number }) | null
  baseline: Baseline
  importance: { feature: string; share: number }[]
  promisedLoss: number
  trainedUntil: number | null
  environment: Record<string, string>
  phases: { name: string; startedAt: number; finishedAt: number; summary: string }[]
}

/** What later traffic is measured against. */
export interface Baseline {
  features: Distribution
  /** Distribution of the model's own answers on held-back rows. */
  scores: Distribution
  /** Held-back rows with their loss, to price a drift by: at most 2,000. */
  priced: { rows: Record<string, (number | string | null)[]>; losses: number[] }
}

type Progress = (message: string, fraction?: number) => void

/** Rows whose age gives them less than this part of the newest row's weight are not what the model reflects. */
const BASELINE_WEIGHT = 0.1

/** Trains, evaluates and packages a candidate. The same input gives the same bytes. */
export async function buildCandidate(table: TrainingTable, input: BuildInput, progress: Progress): Promise<Built> {
  const phases = startPhases()
  const { set, training } = input
  const { problem } = table
  const metric = training.with.maximize ?? training.with.minimize
  const held = heldBackOf(table, input)
  const heldRows = Int32Array.from([...held.validation, ...held.test])
  const truth = pick(table.target, heldRows)

  const fitted = fitTrials(table, held, trialsOf(training.search), training.search.budget, progress)
  const winner = training.blend
    ? mix(problem.task, truth, fitted, held.validation.length, training.blend.last)
    : pickBest(problem.task, metric, truth, fitted, held.validation.length)
  const parts = fitted.flatMap(({ trial }, i) =>
    winner.weights[i]! > 0 ? [{ trial, weight: winner.weights[i]! }] : [],
  )
  const { model, weights } = refit(table, parts, progress)
  phases.finish(
    'train',
    `${fitted.length} trials · ${parts.map(({ trial }) => trial.recipe.learner.replace('_', ' ')).join(' + ')}`,
  )

  progress('evaluating')
  const signature = signatureOf(model, set.label)
  const evaluatedRows = Int32Array.from(winner.evaluated, (position) => heldRows[position]!)
  const assessed = await assess(table, input, model, evaluatedRows, winner.scores, metric)
  phases.finish('evaluate', summaryOf(assessed.report))

  progress('packaging')
  const bytes = exportOnnx(model, { label: set.label })
  const testFrame = takeRows(table.features, held.test)
  const answers = predict(model, testFrame)
  const parity = await checkParity(bytes, signature, testFrame, answers)
  const files = {
    onnx: await leaveFile(input.folder, 'model.onnx', bytes),
    model: await leaveFile(input.folder, 'model.json', JSON.stringify(model)),
    requests: await leaveFile(input.folder, 'requests.jsonl', releaseRequests(testFrame, answers)),
  }
  phases.finish(
    'package',
    `ONNX ${Math.round(bytes.length / 1000)} kB · parity ${parity.maxAbsDifference.toExponential(1)} on ${parity.rows} rows`,
  )

  return {
    trials: fitted.map(({ trial, metrics, startedAt, endedAt }, i) => ({
      name: trial.name,
      params: paramsOf(trial),
      metrics,
      weight: winner.weights[i]!,
      startedAt,
      endedAt,
    })),
    signature,
    files,
    parity,
    ...assessed,
    baseline: {
      ...assessed.baseline,
      features: baselineOf(takeRows(table.features, rowsThatCount(weights))),
    },
    importance: importanceOf(model),
    trainedUntil: table.times
      ? table.times.reduce((most, time) => Math.max(most, time), Number.NEGATIVE_INFINITY)
      : null,
    environment: { node: process.versions.node, platform: `${platform()}-${arch()}`, trainer: 'builtin/tabular' },
    phases: phases.all,
  }
}

function heldBackOf(table: TrainingTable, { training, set, split }: BuildInput): HeldBack {
  const recent = training.blend && table.times && set.split.by === 'time'
  return recent ? holdBackRecent(table.times!, training.blend!.hold_back) : split
}

function signatureOf(model: TabularModel, label: string): Signature {
  return {
    task: model.task,
    features: model.features.map((feature) =>
      feature.kind === 'numeric' ? { ...feature } : { ...feature, categories: [...feature.categories] },
    ),
    classes: [...(model.classes ?? [])],
    label,
  }
}

async function assess(
  table: TrainingTable,
  { set, champion }: BuildInput,
  model: TabularModel,
  rows: Int32Array,
  scores: Float64Array,
  metric: string | undefined,
) {
  const { task } = table.problem
  const truth = pick(table.target, rows)
  const frame = takeRows(table.all, rows)
  const shared = { task, truth, frame, segments: set.segments, ...(metric && { metric }) }
  const report = await buildReport({
    ...shared,
    scores,
    sensitive: set.sensitive,
    // Robustness is asked of the model that will be released; accuracy of the one that never saw these rows.
    predict: async (perturbed) => predict(model, perturbed),
  })
  const losses = rowLosses(task, truth, scores)
  return {
    report,
    comparison: champion ? await compare(table, champion, rows, scores, { ...shared }) : null,
    promisedLoss: losses.reduce((sum, loss) => sum + loss, 0) / losses.length,
    baseline: { scores: scoreBaseline(scores, rows.length), priced: pricedRows(table, rows, losses) },
  }
}

async function compare(
  table: TrainingTable,
  champion: Champion,
  rows: Int32Array,
  scores: Float64Array,
  shared: { task: TrainingTable['problem']['task']; segments: readonly string[]; metric?: string },
): Promise<Built['comparison']> {
  const { trainedUntil } = champion
  const fresh = rows
    .map((_, i) => i)
    .filter((i) => trainedUntil === null || !table.times || table.times[rows[i]!]! > trainedUntil)
  if (fresh.length === 0) return null
  const freshRows = fresh.map((i) => rows[i]!)
  const onnx = await loadModel(`the champion v${champion.version}`, await readFile(champion.onnx), champion.signature)
  try {
    const championScores = await onnx.predict(takeRows(table.features, freshRows))
    const width = scores.length / rows.length
    const comparison = compareWithChampion({
      ...shared,
      truth: pick(table.target, freshRows),
      candidate: pick(scores, fresh, width),
      champion: championScores,
      frame: takeRows(table.all, freshRows),
    })
    return { ...comparison, version: champion.version }
  } finally {
    await onnx.close()
  }
}

function scoreBaseline(scores: Float64Array, rows: number): Distribution {
  const width = scores.length / rows
  const columns = Array.from({ length: width }, (_, k) => ({
    name: width === 1 ? 'score' : `score_${k}`,
    kind: 'numeric' as const,
    values: Float64Array.from({ length: rows }, (_, r) => scores[r * width + k]!),
  }))
  return baselineOf({ rows, columns })
}

const MOST_PRICED = 2_000

function pricedRows(table: TrainingTable, rows: Int32Array, losses: Float64Array): Baseline['priced'] {
  const step = Math.ceil(rows.length / MOST_PRICED)
  const kept = rows.map((_, i) => i).filter((i) => i % step === 0)
  const frame = takeRows(
    table.features,
    kept.map((i) => rows[i]!),
  )
  return {
    rows: Object.fromEntries(
      frame.columns.map((column) => [
        column.name,
        column.kind === 'numeric'
          ? Array.from(column.values, (value) => (Number.isNaN(value) ? null : value))
          : Array.from(column.codes, (code) => column.categories[code] ?? null),
      ]),
    ),
    losses: Array.from(kept, (i) => losses[i]!),
  }
}

function rowsThatCount(weights: Float64Array): Int32Array {
  const most = weights.reduce((a, b) => Math.max(a, b), 0)
  return Int32Array.from(weights.keys()).filter((r) => weights[r]! >= BASELINE_WEIGHT * most)
}

function importanceOf(model: TabularModel): Built['importance'] {
  return featureImportance(model).map(({ name, share }) => ({ feature: name, share }))
}

function summaryOf({ metric, metrics, n, segments, robustness }: EvaluationReport): string {
  const estimate = metrics[metric]
  const value = estimate ? `${metric} ${estimate.value.toPrecision(4)}` : metric
  const spread = estimate?.upper95 != null ? ` ± ${((estimate.upper95 - estimate.lower95!) / 2).toPrecision(2)}` : ''
  const flips = robustness?.flipsUnderNoise
  return `${value}${spread} on ${n} rows${segments ? ` · ${segments.segments.length} segments` : ''}${flips != null ? ` · ${(flips * 100).toFixed(1)} % flip under noise` : ''}`
}

function startPhases() {
  const all: Built['phases'] = []
  let startedAt = Date.now()
  return {
    all,
    finish: (name: string, summary: string) => {
      const finishedAt = Date.now()
      all.push({ name, startedAt, finishedAt, summary })
      startedAt = finishedAt
    },
  }
}
