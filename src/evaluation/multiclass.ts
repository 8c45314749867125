import { f1Of } from './decisions.ts'
import { classCount, type Values } from './scored.ts'

/** The class with the highest score of each row; the first of equals. */
export function predictedClasses(scores: Values, classes: number): Int32Array {
  const predicted = new Int32Array(classes > 0 ? scores.length / classes : 0)
  for (let row = 0; row < predicted.length; row++) {
    let best = 0
    for (let c = 1; c < classes; c++) if (scores[row * classes + c]! > scores[row * classes + best]!) best = c
    predicted[row] = best
  }
  return predicted
}

/** Share of rows whose highest-scored class is the true one. */
export function multiclassAccuracy(truth: Values, scores: Values, weights?: Values): number {
  const predicted = predictedClasses(scores, classCount(truth, scores))
  let right = 0
  let total = 0
  for (let i = 0; i < truth.length; i++) {
    const w = weights ? weights[i]! : 1
    if (predicted[i] === truth[i]) right += w
    total += w
  }
  return right / total
}

/** Unweighted mean of each class's F1, over classes that occur in the truth or the predictions. */
export function macroF1(truth: Values, scores: Values, weights?: Values): number {
  const classes = classCount(truth, scores)
  const predicted = predictedClasses(scores, classes)
  const hit = new Float64Array(classes)
  const falsely = new Float64Array(classes)
  const missed = new Float64Array(classes)
  for (let i = 0; i < truth.length; i++) {
    const w = weights ? weights[i]! : 1
    const actual = truth[i]!
    const guess = predicted[i]!
    if (guess === actual) hit[actual] = hit[actual]! + w
    else {
      falsely[guess] = falsely[guess]! + w
      missed[actual] = missed[actual]! + w
    }
  }
  return meanOfDefined(
    Array.from(hit, (truePositives, c) =>
      f1Of({ truePositives, falsePositives: falsely[c]!, falseNegatives: missed[c]!, trueNegatives: 0 }),
    ),
  )
}

/**
 * A multiclass problem taken apart: for each class, "is it this one" against the score of that class. The macro ROC-AUC
 * is the mean of their ROC-AUCs (scikit-learn's `roc_auc_score(..., multi_class='ovr', average='macro')`), without the
 * classes that are absent from the truth.
 */
export function oneVersusRest(truth: Values, scores: Values): { truth: Values; scores: Values }[] {
  const classes = classCount(truth, scores)
  return Array.from({ length: classes }, (_, c) => ({
    truth: truth.map((label) => (label === c ? 1 : 0)),
    scores: truth.map((_, row) => scores[row * classes + c]!),
  }))
}

/** Mean of the values that are not `NaN`; `NaN` when all are. */
export function meanOfDefined(values: number[]): number {
  const defined = values.filter((v) => !Number.isNaN(v))
  return defined.reduce((sum, v) => sum + v, 0) / defined.length
}
