import { type Frame, selectColumns, takeRows } from '#platform/table'
import type { Preparation } from '#preparation'
import type { BuiltinTraining, TrainingData } from '#projects/contract'
import { type LoadedModel, loadModel } from '#runtime'
import type { Signature } from '#runtime/contract'
import { blend, exportOnnx, featureImportance, predict, type TabularModel } from '#trainer'
import { fitTrials, refit } from './fit-trials.ts'
import { type HeldBack, heldBackFor } from './held-back.ts'
import { signatureOf as rawSignatureOf } from './signature.ts'
import { learnedFrom, pick, type TrainingTable, youngest } from './table.ts'
import type { Trained } from './trained.ts'
import { paramsOf, trialsOf } from './trials.ts'
import { mix, pickBest } from './winner.ts'

/** Rows whose age gives them less than this part of the newest row's weight are not what the model reflects. */
const BASELINE_WEIGHT = 0.1

/** Fits the search's candidates, picks or mixes the winner on held-back rows, and fits it again on every row. */
export function trainBuiltin(
  table: TrainingTable,
  { set, training, split }: { set: TrainingData; training: BuiltinTraining; split: HeldBack },
  progress: (message: string, fraction?: number) => void,
): Trained {
  const { task } = table.problem
  const held = heldBackFor(set, training, table.times, split)
  const heldRows = Int32Array.from([...held.validation, ...held.test])
  const truth = pick(table.target, heldRows)
  const fitted = fitTrials(table, held, trialsOf(training.search), training.search.budget, progress)
  const winner = training.blend
    ? mix(task, truth, fitted, held.validation.length, training.blend.last)
    : pickBest(task, training.with.maximize ?? training.with.minimize, truth, fitted, held.validation.length)
  const parts = fitted.flatMap(({ trial }, i) =>
    winner.weights[i]! > 0 ? [{ trial, weight: winner.weights[i]! }] : [],
  )
  const { model, weights } = refit(table, parts, progress)
  const unseen = blend(
    fitted.map((one) => one.model),
    winner.weights,
  )
  const { preparation } = table.prepared ?? {}
  const signature = preparation ? rawSignature(table, preparation, set.label) : signatureOf(model, set.label)
  const asked = askUnseen(unseen, signature, preparation)
  return {
    signature,
    onnx: exportOnnx(model, { label: set.label }, preparation),
    model: JSON.stringify(preparation ? { ...model, preparation } : model),
    evaluated: {
      rows: Int32Array.from(winner.evaluated, (position) => heldRows[position]!),
      scores: winner.scores,
      predict: asked.predict,
    },
    testRows: held.test,
    trainedUntil: table.times ? youngest(table.times) : null,
    baselineRows: rowsThatCount(weights),
    answersFor: async (rows) => predict(model, takeRows(learnedFrom(table), rows)),
    preparation: preparation ?? null,
    importance: featureImportance(model).map(({ name, share }) => ({ feature: name, share })),
    trials: fitted.map(({ trial, metrics, startedAt, endedAt }, i) => ({
      name: trial.name,
      params: paramsOf(trial),
      metrics,
      weight: winner.weights[i]!,
      startedAt,
      endedAt,
    })),
    trainer: 'builtin/tabular',
    environment: {},
    summary: `${fitted.length} trials · ${parts.map(({ trial }) => trial.recipe.learner.replace('_', ' ')).join(' + ')}`,
    close: asked.close,
  }
}

/** Raw columns are prepared by the package, and by nothing else in memory: with a recipe the fits are asked as one. */
function askUnseen(unseen: TabularModel, signature: Signature, preparation: Preparation | undefined) {
  if (!preparation) return { predict: async (frame: Frame) => predict(unseen, frame), close: async () => {} }
  let loaded: Promise<LoadedModel> | undefined
  return {
    predict: async (frame: Frame) => {
      loaded ??= loadModel('the fits', exportOnnx(unseen, {}, preparation), signature)
      return (await loaded).predict(frame)
    },
    close: async () => (await loaded)?.close(),
  }
}

/** What records have to bring for the preparation. */
function rawSignature(table: TrainingTable, { inputs }: Preparation, label: string): Signature {
  const features = selectColumns(
    table.features,
    inputs.map((input) => input.name),
  )
  return rawSignatureOf(features, table.problem, label)
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

function rowsThatCount(weights: Float64Array): Int32Array {
  const most = weights.reduce((a, b) => Math.max(a, b), 0)
  return Int32Array.from(weights.keys()).filter((r) => weights[r]! >= BASELINE_WEIGHT * most)
}
