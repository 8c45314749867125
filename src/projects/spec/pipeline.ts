import { z } from 'zod'
import { METRICS, type Task } from '#evaluation'
import { hasKey, oneOf } from './one-of.ts'
import { Duration, DurationOrAll, Name, ShareOrPeriod, Size, text } from './scalars.ts'
import { says } from './wording.ts'

type MetricOf<T extends Task> = { [Name in keyof (typeof METRICS)[T]]: Name }[keyof (typeof METRICS)[T]]

/** The metrics a model can be judged by; the same names as in reports and conditions. */
export type MetricName = { [T in Task]: MetricOf<T> }[Task]
export const MetricName = z.enum([...new Set(Object.values(METRICS).flatMap((metrics) => Object.keys(metrics)))] as [
  MetricName,
  ...MetricName[],
])

const After = z
  .array(Name)
  .optional()
  .meta({ description: 'steps that must be done before; the step above, when absent' })

// A model is always fitted on the train part, so `market.train` only says aloud what `market` means.
const TrainingData = z.codec(z.string(), z.string(), {
  decode: (written) => written.replace(/\.train$/, ''),
  encode: (name) => name,
})

const With = z
  .strictObject({
    data: TrainingData.optional().meta({ description: 'the data set to train on; needed when there are several' }),
    maximize: MetricName.optional().meta({ description: 'the metric the project wants large' }),
    minimize: MetricName.optional().meta({ description: 'the metric the project wants small' }),
  })
  .refine((input) => input.maximize === undefined || input.minimize === undefined, {
    error: says('a project has one objective', 'Keep either maximize or minimize.'),
  })

export const Learner = z.enum(['logistic', 'boosted_trees'])
export type Learner = z.output<typeof Learner>

export const Search = z.strictObject({
  trials: z.int().min(1).max(1000).default(6).meta({ description: 'how many candidates one run fits' }),
  budget: Duration.optional().meta({ description: 'start no further trial after this time' }),
  seed: z.int().min(0).default(0).meta({ description: 'makes the search repeatable' }),
  learners: z
    .array(Learner)
    .min(1, { error: says('there is no learner to try', 'List logistic, boosted_trees or both.') })
    .default(['logistic', 'boosted_trees'])
    .meta({ description: 'what is fitted; logistic is linear least squares for a regression' }),
  half_life: z
    .array(DurationOrAll)
    .min(1, { error: says('there is no half-life to try', 'List durations, or [all] for equal weights.') })
    .optional()
    .meta({ description: 'the age at which a row counts half; several are tried; needs the time column' }),
  window: z
    .array(DurationOrAll)
    .min(1, { error: says('there is no window to try', 'List durations, or [all] for every row.') })
    .default(['all'])
    .meta({ description: 'how far back rows are used at all; several are tried; needs the time column' }),
})
export type Search = z.output<typeof Search>

export const Blend = z.strictObject({
  hold_back: ShareOrPeriod.prefault('10%').meta({
    description: 'the most recent labelled rows that weigh the candidates',
  }),
  last: z
    .int()
    .min(1)
    .max(32)
    .default(4)
    .meta({ description: 'at most this many candidates are mixed, the best ones' }),
})
export type Blend = z.output<typeof Blend>

export const BuiltinStep = z.strictObject({
  use: z
    .literal('builtin/tabular')
    .default('builtin/tabular')
    .meta({ description: 'the trainer that comes with Orrery' }),
  after: After,
  with: With.prefault({}).meta({ description: 'data and objective' }),
  search: Search.prefault({}).meta({ description: 'which candidates are tried' }),
  blend: Blend.optional().meta({
    description: 'mix the best candidates by their loss on recent rows, instead of taking one',
  }),
})
export type BuiltinStep = z.output<typeof BuiltinStep>

const CommandLine = text('a command', 'Write the command line to run, such as python train.py.').meta({
  description: 'a command line, run in the project folder',
})

export const MlprojectRun = z
  .strictObject({
    mlproject: text('a folder', 'Write the folder that holds the MLproject file.').meta({
      description: 'the folder of an MLproject file, seen from the project folder',
    }),
    entry_point: text('an entry point', 'Name an entry point of the MLproject file.')
      .default('main')
      .meta({ description: 'one of its entry points, or a .py or .sh file' }),
    parameters: z
      .record(
        z.string(),
        z.codec(z.union([z.string(), z.number(), z.boolean()]), z.string(), {
          decode: String,
          encode: (value) => value,
        }),
      )
      .default({})
      .meta({ description: 'values of its parameters; others are handed to the program' }),
  })
  .meta({ description: 'what `mlflow run` would start' })
export type MlprojectRun = z.output<typeof MlprojectRun>

export const CommandStep = z.strictObject({
  run: oneOf([CommandLine, MlprojectRun], (value) => (typeof value === 'object' ? MlprojectRun : CommandLine)).meta({
    description: 'a command line, run in the project folder; or an MLproject',
  }),
  after: After,
  environment: z
    .strictObject({
      python: text('a lock file', 'Write the path of requirements.lock.').meta({
        description: 'the lock file of its packages',
      }),
    })
    .optional()
    .meta({ description: 'what the command needs installed' }),
  secrets_of: Name.optional().meta({
    description: 'the environment whose secrets the command gets as variables; none when absent',
  }),
  with: With.optional().meta({ description: 'data and objective; only for `train`' }),
  model: text('a path', 'Write where the command leaves the ONNX file.')
    .optional()
    .meta({ description: 'the ONNX file the command leaves; only for `train`; model.onnx when absent' }),
  limits: z
    .strictObject({
      time: Duration.prefault('1h').meta({ description: 'the step is stopped after this time' }),
      model: Size.prefault('1GiB').meta({ description: 'a larger model file is refused' }),
    })
    .prefault({})
    .meta({ description: 'what the command may use' }),
})
export type CommandStep = z.output<typeof CommandStep>

export const Step = oneOf([BuiltinStep, CommandStep], (value) => (hasKey(value, 'run') ? CommandStep : BuiltinStep))
export type Step = z.output<typeof Step>

/** Steps by name, in the order of the file. `train` makes the model. */
export const Pipeline = z.record(Name, Step)
