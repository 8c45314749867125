/** The client-safe door of projects: the schemas and types of `orrery.yaml`. */
export { Change, Drift, Project, projectRoutes } from './api.ts'
export { CodeVersion } from './code.contract.ts'
export type { ProjectFileProblem } from './errors.ts'
export type {
  BuiltinTraining,
  CommandTraining,
  DataSpec,
  ProjectSpec,
  Training,
  TrainingData,
} from './spec/complete.ts'
export { LONGEST_CONDITION } from './spec/conditions.ts'
export { DataSet, PICTURE_COLUMNS, type Pictures, Split } from './spec/data.ts'
export { Combine, DecisionValue, Deployment, Environment, PredictionLog, ReleaseCheck } from './spec/deployment.ts'
export {
  COLUMN_RULES,
  COLUMNS_RULES,
  Expectation,
  FORMATS,
  Format,
  HELD,
  type RuleSpec,
  TABLE_RULES,
} from './spec/expectations.ts'
export { FeatureView, isOnDemand, type OnDemandView, type StoredView, type StreamSource } from './spec/features.ts'
export { DecayMonitor, DriftMonitor, FairnessMonitor, Monitor, QualityMonitor } from './spec/monitor.ts'
export {
  PICTURE_RULES,
  PictureExpectation,
  type PictureRule,
  type PictureRuleSpec,
  PictureSet,
} from './spec/pictures.ts'
export { Blend, BuiltinStep, CommandStep, Learner, MetricName, MlprojectRun, Search, Step } from './spec/pipeline.ts'
export { PrepareStep } from './spec/prepare.ts'
export { ProjectFile, type ProjectFileWritten, projectFileJsonSchema } from './spec/project.ts'
export { type ApiRequest, type Bucket, Sensitivity } from './spec/source.ts'
export { AB_METRICS, Strategy } from './spec/strategy.ts'
export { OnCondition, OnSchedule, Trigger } from './spec/triggers.ts'
