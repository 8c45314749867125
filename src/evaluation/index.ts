export * from './contract.ts'
export { calibrationTable, expectedCalibrationError } from './calibration.ts'
export { type AucEstimate, aucInterval, pairedAucDifference } from './delong.ts'
export {
  chiSquareP,
  jensenShannon,
  kolmogorovSmirnov,
  type PsiNoise,
  populationStabilityIndex,
  psiNoise,
} from './distance.ts'
export { type BinningOptions, baselineOf, distributionOf } from './histogram.ts'
export { PROBABILITY_CLIP, type RegressionLoss, rowLosses } from './losses.ts'
export {
  defaultMetric,
  directionOf,
  type EvaluateOptions,
  evaluate,
  improvement,
  METRICS,
} from './metrics.ts'
export { wilson } from './proportion.ts'
export { averagePrecision, rocAuc } from './ranking.ts'
export type { Values } from './scored.ts'
