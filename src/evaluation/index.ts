export { type BlendOptions, blendWeights } from './blend.ts'
export { calibrationTable, expectedCalibrationError } from './calibration.ts'
export { exponentialWeights } from './committee.ts'
export * from './contract.ts'
export { type AucEstimate, aucInterval, pairedAucDifference } from './delong.ts'
export {
  chiSquareP,
  jensenShannon,
  kolmogorovSmirnov,
  occupiedBins,
  type PsiNoise,
  populationStabilityIndex,
  psiNoise,
} from './distance.ts'
export { compareDistributions, type DriftOptions, scoreFrame } from './drift.ts'
export { costOfDrift, lossProfile } from './drift-cost.ts'
export { type EstimateOptions, estimateMetrics, meanInterval } from './estimates.ts'
export { type ExplainOptions, explainRow } from './explain.ts'
export { type FairnessOptions, fairnessOf } from './fairness.ts'
export { type FlipOptions, nearestFlips } from './flips.ts'
export { binLabels, type GroupingOptions } from './groups.ts'
export { type BinningOptions, baselineOf, distributionOf } from './histogram.ts'
export { PROBABILITY_CLIP, type RegressionLoss, rowLosses } from './losses.ts'
export { mergeDistributions } from './merge.ts'
export {
  defaultMetric,
  directionOf,
  type EvaluateOptions,
  evaluate,
  improvement,
  METRICS,
} from './metrics.ts'
export { CUSUM_START, type CusumSettings, type CusumState, decay, pageCusum, type RealisedLoss } from './page-cusum.ts'
export { isNotWorse, type PairedOptions, pairedDifferences } from './paired.ts'
export { wilson } from './proportion.ts'
export { seededRandom } from './random.ts'
export { averagePrecision, rocAuc } from './ranking.ts'
export { calibrate, fitCalibration } from './recalibration.ts'
export { buildReport, type ComparisonInput, compareWithChampion, type ReportInput } from './report.ts'
export {
  type PerturbedAnswers,
  type Predict,
  type RobustnessOptions,
  robustnessFrom,
  robustnessOf,
} from './robustness.ts'
export type { Values } from './scored.ts'
export { type SegmentOptions, segmentDifferences, segmentMetrics } from './segments.ts'
export {
  type ArmMean,
  anytimeInterval,
  armMean,
  LEAST_UNITS,
  type SampleSize,
  type SequentialTest,
  sampleSize,
  sequentialTest,
} from './sequential.ts'
export { estimateUnlabelled, type UnlabelledOptions } from './unlabelled.ts'
