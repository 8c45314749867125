import type { BuiltinTraining, TrainingData } from '#projects/contract'
import type { Signature } from '#runtime/contract'
import { blend, exportOnnx, featureImportance, predict, type TabularModel } from '#trainer'
import { fitTrials, refit } from './fit-trials.ts'
import { type HeldBack, holdBackRecent } from './held-back.ts'
import { pick, type TrainingTable, youngest } from './table.ts'
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
  const recent = training.blend && table.times && set.split.by === 'time'
  const held = recent ? holdBackRecent(table.times!, training.blend!.hold_back) : split
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
  return {
    signature: signatureOf(model, set.label),
    onnx: exportOnnx(model, { label: set.label }),
    model: JSON.stringify(model),
    evaluated: {
      rows: Int32Array.from(winner.evaluated, (position) => heldRows[position]!),
      scores: winner.scores,
      predict: async (frame) => predict(unseen, frame),
    },
    testRows: held.test,
    trainedUntil: table.times ? youngest(table.times) : null,
    baselineRows: rowsThatCount(weights),
    predict: async (frame) => predict(model, frame),
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
    close: async () => {},
  }
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
