import { DEFAULT_TRIGGER_IF } from './conditions.ts'
import { type DataSet, PICTURE_COLUMNS, type Split } from './data.ts'
import { Deployment } from './deployment.ts'
import { FairnessMonitor } from './monitor.ts'
import { type BuiltinStep, type CommandStep, type Search, Step } from './pipeline.ts'
import type { ProjectFile } from './project.ts'
import { OnCondition, type Trigger } from './triggers.ts'

type With = BuiltinStep['with']

/** A data set whose split is decided. */
export type DataSpec = DataSet & { split: Split & { by: NonNullable<Split['by']> } }
/** The data set that is trained on. */
export type TrainingData = DataSpec & { label: string }
/** The built-in trainer, with its data and half-lives decided. */
export type BuiltinTraining = BuiltinStep & {
  with: With & { data: string }
  search: Search & { half_life: (number | 'all')[] }
}
/** The user's own trainer, with its data and model file decided. */
export type CommandTraining = CommandStep & { with: With & { data: string }; model: string }
export type Training = BuiltinTraining | CommandTraining

/** A project file with nothing left to decide. Durations in ms, percentages as fractions, sizes in bytes. */
export type ProjectSpec = Omit<ProjectFile, 'data' | 'pipeline' | 'deploy' | 'monitor' | 'when'> & {
  data: Record<string, DataSpec>
  /** In the order of the file; `train` is always there. */
  pipeline: Record<string, Step> & { train: Training }
  deploy: Record<string, Deployment>
  monitor: ProjectFile['monitor'] & { fairness: FairnessMonitor | 'off' }
  when: (Trigger & { then: string })[]
}

// Three weeks was the best single half-life on the electricity market and a quarter the next; `all` keeps them honest.
const HALF_LIVES: (number | 'all')[] = [21 * 86_400_000, 90 * 86_400_000, 'all']

/**
 * Adds the defaults that follow from other parts of the file: the only data set is the one trained on, rows with a time
 * are split by it and their weights may decay with age, the only deployment is where new versions go.
 * `segmentColumns` are those whose segments a gate looks at: they are evaluated without being declared twice.
 * Expects references that hold (see `brokenReferences`); what cannot be decided is left as it is.
 */
export function completeSpec(file: ProjectFile, segmentColumns: readonly string[] = []): ProjectSpec {
  const data = Object.fromEntries(Object.entries(file.data).map(([name, set]) => [name, completeData(set)]))
  const train = completeTraining(file, data)
  const learned = data[train.with.data]
  if (learned) learned.segments = [...new Set([...learned.segments, ...segmentColumns])]
  const deploy = mapValues(file.deploy ?? { [file.project]: Deployment.parse({}) }, completeDeployment)
  return {
    ...file,
    data,
    pipeline: { ...file.pipeline, train },
    deploy,
    monitor: { ...file.monitor, fairness: file.monitor.fairness ?? fairnessOf(learned) },
    when: completeTriggers(file, trainedDeployments(deploy)),
  }
}

/** Where versions that the pipeline trains go: not to what is composed of versions. The first is where a run sends its own. */
export function trainedDeployments(deploy: Readonly<Record<string, Pick<Deployment, 'graph'>>>): string[] {
  return Object.keys(deploy).filter((name) => !deploy[name]!.graph)
}

/** What the project's model learns from: it is there and has a label, or the file would have been refused. */
export function trainedOn(spec: Pick<ProjectSpec, 'data' | 'pipeline'>): TrainingData {
  return spec.data[spec.pipeline.train.with.data] as TrainingData
}

/** What is trained on where nobody says: the data set with a label, tables of features having none. */
export function onlyLabelled(data: Readonly<Record<string, DataSet>>): string {
  const names = Object.keys(data)
  return names.find((name) => data[name]!.label !== undefined) ?? names[0]!
}

function completeData(written: DataSet): DataSpec {
  const set = written.pictures ? withPictureColumns(written) : written
  const plain = set.task === 'regression' || set.label === undefined ? 'random' : 'stratified'
  const by = set.split.by ?? (set.time ? 'time' : plain)
  const column = set.split.column ?? (by === 'group' || by === 'hash' ? set.id : undefined)
  return { ...set, split: { ...set.split, by, ...(column !== undefined && { column }) } }
}

/** A row is known by its picture, and what a model learns from are the pixels alone. */
function withPictureColumns(set: DataSet): DataSet {
  const { id, others } = PICTURE_COLUMNS
  return { ...set, id: set.id ?? id, ignore: [...new Set([...set.ignore, ...others])] }
}

function completeTraining(file: ProjectFile, data: Record<string, DataSpec>): Training {
  const step = file.pipeline.train ?? (Step.parse({}) as BuiltinStep)
  const named = step.with?.data ?? onlyLabelled(data)
  const input = { ...step.with, data: named }
  if ('run' in step) return { ...step, with: input, model: step.model ?? 'model.onnx' }
  const half_life = step.search.half_life ?? (data[named]?.time ? HALF_LIVES : ['all' as const])
  return { ...step, with: input, search: { ...step.search, half_life } }
}

/** A canary that says nothing of how long is watched for a day of its requests. */
function completeDeployment(deployment: Deployment): Deployment {
  const { strategy } = deployment
  const isBounded = !('canary' in strategy) || (strategy.hold ?? strategy.clock ?? strategy.requests) !== undefined
  return isBounded ? deployment : { ...deployment, strategy: { ...strategy, hold: DAY } }
}

const DAY = 86_400_000

function mapValues<From, To>(record: Record<string, From>, map: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]))
}

function fairnessOf(set: DataSpec | undefined): FairnessMonitor | 'off' {
  if (!set || set.sensitive.length === 0) return 'off'
  return FairnessMonitor.parse({ by: set.sensitive })
}

function completeTriggers(file: ProjectFile, deployments: string[]): ProjectSpec['when'] {
  if (deployments.length === 0) return []
  const triggers = file.when ?? [OnCondition.parse({ if: DEFAULT_TRIGGER_IF })]
  // biome-ignore lint/suspicious/noThenProperty: the word the project file uses; a string is never awaited.
  return triggers.map((trigger) => ({ ...trigger, then: trigger.then ?? `deploy.${deployments[0]}` }))
}
