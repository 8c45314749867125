import { arch, platform } from 'node:os'
import { buildReport, type ChampionComparison, type EvaluationReport, rowLosses } from '#evaluation'
import { takeRows } from '#platform/table'
import type { Preparation } from '#preparation'
import type { TrainingData } from '#projects/contract'
import type { Signature } from '#runtime/contract'
import { type Baseline, baselineFrom } from './baseline.ts'
import { type Champion, compareOnFreshRows } from './compare.ts'
import type { HeldBack } from './held-back.ts'
import { checkParity, leaveFile, type Parity, releaseRequests } from './package.ts'
import { pick, type TrainingTable } from './table.ts'
import { takePictureModel } from '../pictures/take-picture-model.ts'
import { trainBuiltin } from './train-builtin.ts'
import { takeGivenModel } from './take-given.ts'
import { takeCommandModel } from './train-command.ts'
import type { BuiltTrial, Trained } from './trained.ts'
import type { TrainingPlan } from './training.ts'

export interface BuildInput {
  readonly set: TrainingData
  readonly training: TrainingPlan
  readonly split: HeldBack
  /** The version in service. */
  readonly champion: Champion | null
  /** Where files are left. */
  readonly folder: string
}

/** A candidate as it leaves the child; files by path. */
export interface Built {
  trials: BuiltTrial[]
  signature: Signature
  files: {
    onnx: string
    model: string | null
    requests: string /** A contact sheet of what it got wrong. */
    sheet: string | null
  }
  parity: Parity
  report: EvaluationReport
  comparison: (ChampionComparison & { version: number }) | null
  baseline: Baseline
  importance: { feature: string; share: number }[]
  /** What was learned of how records are prepared, where they are; absent in runs from before there was any. */
  preparation?: Preparation | null
  /** Mean loss per held-back row. */
  promisedLoss: number
  /** Event time of the youngest row it was trained on, ms. */
  trainedUntil: number | null
  environment: Record<string, string>
  phases: Phase[]
}

export interface Phase {
  name: string
  startedAt: number
  finishedAt: number
  summary: string
}

/** Trains, evaluates and packages a candidate. The same input gives the same bytes. */
export async function buildCandidate(
  given: TrainingTable,
  input: BuildInput,
  progress: (message: string, fraction?: number) => void,
): Promise<Built> {
  const { training, set, split } = input
  const phases = startPhases()
  const { trained, table } = await train(given, { training, set, split }, progress)
  try {
    phases.finish('train', trained.summary)
    progress('evaluating')
    const judged = await judge(table, input, trained)
    phases.finish('evaluate', summaryOf(judged.report))
    progress('packaging')
    const packaged = await pack(table, input.folder, trained)
    phases.finish('package', packageSummary(trained.onnx, packaged.parity))
    return {
      ...judged,
      ...packaged,
      trials: trained.trials,
      signature: trained.signature,
      importance: trained.importance,
      preparation: trained.preparation,
      trainedUntil: trained.trainedUntil,
      environment: {
        ...trained.environment,
        node: process.versions.node,
        platform: `${platform()}-${arch()}`,
        trainer: trained.trainer,
      },
      phases: phases.all,
    }
  } finally {
    await trained.close()
  }
}

/** The model, whoever trained it; and the table, with what a model of pictures adds to it. */
async function train(
  table: TrainingTable,
  { training, set, split }: Pick<BuildInput, 'training' | 'set' | 'split'>,
  progress: (message: string, fraction?: number) => void,
): Promise<{ trained: Trained; table: TrainingTable }> {
  if ('signature' in training) return { trained: await takeGivenModel(table, training, split), table }
  if (!('onnx' in training)) return { trained: trainBuiltin(table, { set, training, split }, progress), table }
  const { pictures } = training
  if (pictures && table.pictures)
    return takePictureModel(
      { ...table, pictures: table.pictures },
      { set, training: { ...training, pictures }, split },
      progress,
    )
  return { trained: await takeCommandModel(table, { set, training, split }), table }
}

async function judge(table: TrainingTable, { set, training, champion }: BuildInput, trained: Trained) {
  const { task } = table.problem
  const { rows, scores } = trained.evaluated
  const truth = pick(table.target, rows)
  const metric = training.with.maximize ?? training.with.minimize
  const robustness = await trained.evaluated.robustness?.(metric)
  const report = await buildReport({
    task,
    truth,
    scores,
    frame: takeRows(table.all, rows),
    segments: set.segments,
    sensitive: set.sensitive,
    ...(robustness && { robustness }),
    // Asked of fits that never saw these rows: a model looks brittle next to how well it knows its own training rows.
    predict: (frame) => trained.evaluated.predict(frame),
    ...(metric && { metric }),
  })
  const losses = rowLosses(task, truth, scores)
  const comparison = champion
    ? await compareOnFreshRows(table, champion, trained.evaluated, { segments: set.segments, metric })
    : null
  return {
    report,
    comparison,
    promisedLoss: losses.reduce((sum, loss) => sum + loss, 0) / losses.length,
    baseline: baselineFrom(table, trained.baselineRows, trained.evaluated, losses),
  }
}

async function pack(table: TrainingTable, folder: string, trained: Trained) {
  const { parity, requests, sheet } = trained.packaged ?? (await checkPackage(table, trained))
  return {
    parity,
    files: {
      onnx: await leaveFile(folder, 'model.onnx', trained.onnx),
      model: trained.model === null ? null : await leaveFile(folder, 'model.json', trained.model),
      requests: await leaveFile(folder, 'requests.jsonl', requests),
      sheet: sheet && (await leaveFile(folder, 'wrong-pictures.png', sheet)),
    },
  }
}

async function checkPackage(table: TrainingTable, trained: Trained): Promise<NonNullable<Trained['packaged']>> {
  const frame = takeRows(table.features, trained.testRows)
  const answers = await trained.answersFor(trained.testRows)
  return {
    parity: await checkParity(trained.onnx, trained.signature, frame, answers),
    requests: releaseRequests(frame, answers),
    sheet: null,
  }
}

function summaryOf({ metric, metrics, n, segments, robustness }: EvaluationReport): string {
  const estimate = metrics[metric]
  const value = estimate ? `${metric} ${estimate.value.toPrecision(4)}` : metric
  const spread = estimate?.upper95 != null ? ` ± ${((estimate.upper95 - estimate.lower95!) / 2).toPrecision(2)}` : ''
  const flips = robustness?.flipsUnderNoise
  const robust = flips != null ? ` · ${(flips * 100).toFixed(1)} % flip under noise` : ''
  return `${value}${spread} on ${n} rows${segments ? ` · ${segments.segments.length} segments` : ''}${robust}`
}

function packageSummary(onnx: Uint8Array, { maxAbsDifference, rows }: Parity): string {
  return `ONNX ${Math.round(onnx.length / 1000)} kB · parity ${maxAbsDifference.toExponential(1)} on ${rows} rows`
}

function startPhases(): { all: Phase[]; finish(name: string, summary: string): void } {
  const all: Phase[] = []
  let startedAt = Date.now()
  return {
    all,
    finish: (name, summary) => {
      const finishedAt = Date.now()
      all.push({ name, startedAt, finishedAt, summary })
      startedAt = finishedAt
    },
  }
}
