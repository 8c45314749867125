/** What metrics are called and which way they improve, for every chart and table. */
import type { Direction } from '#evaluation/contract'

const NAMES: Record<string, [name: string, direction: Direction]> = {
  roc_auc: ['ROC-AUC', 'higher'],
  pr_auc: ['PR-AUC', 'higher'],
  log_loss: ['log loss', 'lower'],
  brier: ['Brier score', 'lower'],
  accuracy: ['accuracy', 'higher'],
  precision: ['precision', 'higher'],
  recall: ['recall', 'higher'],
  f1: ['F1', 'higher'],
  ece: ['calibration error', 'lower'],
  macro_f1: ['macro F1', 'higher'],
  macro_roc_auc: ['macro ROC-AUC', 'higher'],
  mae: ['MAE', 'lower'],
  rmse: ['RMSE', 'lower'],
  r2: ['R²', 'higher'],
  mape: ['MAPE', 'lower'],
  wape: ['WAPE', 'lower'],
  bias: ['bias', 'zero'],
}

/** `roc_auc` → `ROC-AUC`; a metric of the user's own keeps its name. */
export function metricName(metric: string): string {
  return NAMES[metric]?.[0] ?? metric
}

/** Which way a metric improves; a metric of the user's own by the word its name ends with. */
export function metricDirection(metric: string): Direction {
  return NAMES[metric]?.[1] ?? (/(loss|error|mse|mae|deviance|latency|seconds)$/i.test(metric) ? 'lower' : 'higher')
}

/** "lower is better", or nothing where the usual way needs no word. */
export function directionNote(metric: string): string | null {
  const direction = metricDirection(metric)
  return direction === 'higher' ? null : direction === 'lower' ? 'lower is better' : 'nearest 0 is best'
}
