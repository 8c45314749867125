import { z } from 'zod'
import { Task } from '#evaluation/contract'
import { Expectation } from './expectations.ts'
import { PrepareStep } from './prepare.ts'
import { Cell, ColumnName, Duration, Name, Percent } from './scalars.ts'
import { sourceKeys, sourceProblems } from './source.ts'
import { quoted, says } from './wording.ts'

/** `dteday + hr` or a list of columns in the file; the columns in the spec, read together as one time. */
const TimeColumns = z.codec(
  z.union([ColumnName, z.array(ColumnName).min(1)], {
    error: (issue) =>
      says(`${quoted(issue.input)} is no time column`, 'Write a column, or several joined: dteday + hr.'),
  }),
  z.array(z.string()),
  {
    decode: (written) => (typeof written === 'string' ? written.split(' + ').map((name) => name.trim()) : written),
    encode: (columns) => (columns.length === 1 ? columns[0]! : columns),
  },
)

const Columns = z.array(ColumnName).default([])

const positiveShare = Percent.refine((share) => share > 0, {
  error: says('a part of the split is empty', 'Give each of train, validation and test more than 0%.'),
})

export const Split = z
  .strictObject({
    by: z.enum(['time', 'random', 'stratified', 'group', 'hash']).optional().meta({
      description:
        'time: oldest rows train, newest test; stratified: random, keeping the shares of the classes; group: rows with the same value of `column` stay together; hash: by the value of `column` alone, so that it stays in its part in later versions',
    }),
    column: ColumnName.optional().meta({
      description: 'what a split by group or hash goes by; the column under `id` when absent',
    }),
    train: positiveShare.prefault('80%').meta({ description: 'rows models are fitted on' }),
    validation: positiveShare.prefault('10%').meta({ description: 'rows that choose between candidates' }),
    test: positiveShare.prefault('10%').meta({ description: 'rows only the final evaluation sees' }),
    seed: z.int().min(0).default(0).meta({ description: 'makes a random split repeatable' }),
  })
  // A tenth of a per mille: what rounding of written percentages can amount to, and no more.
  .refine((split) => Math.abs(split.train + split.validation + split.test - 1) < 1e-4, {
    error: (issue) => {
      const { train, validation, test } = issue.input as Record<'train' | 'validation' | 'test', number>
      const sum = Number(((train + validation + test) * 100).toFixed(2))
      return says(`train, validation and test make ${sum}%`, 'Make them 100% together.')
    },
  })
export type Split = z.output<typeof Split>

const Pictures = z.strictObject({
  width: z.int().min(8).max(1024).meta({ description: 'what the model sees, in pixels' }),
  height: z.int().min(8).max(1024).meta({ description: 'what the model sees, in pixels' }),
  channels: z
    .union([z.literal(1), z.literal(3)])
    .default(3)
    .meta({ description: '1: grey; 3: red, green and blue' }),
  fit: z.enum(['fill', 'cover', 'contain']).default('fill').meta({
    description: 'a picture of another shape is stretched, cut to the middle, or shown whole with black bars',
  }),
})
export type Pictures = z.output<typeof Pictures>

/** The columns of a data set of pictures, beside its label. */
export const PICTURE_COLUMNS = {
  /** SHA-256 of the file: what the row is about. */
  id: 'picture',
  /** What drift is measured on; the model itself sees pixels. */
  features: ['brightness', 'contrast', 'sharpness'],
  others: ['file', 'width', 'height', 'bytes', 'light', 'focus'],
} as const

export const DataSet = z
  .strictObject({
    ...sourceKeys,
    pictures: Pictures.optional().meta({
      description: 'the source is a folder of JPEG and PNG files, each in a folder named like its label',
    }),
    label: ColumnName.optional().meta({ description: 'the column to predict; what is trained on needs one' }),
    task: Task.optional().meta({ description: 'what is predicted; inferred from the label when absent' }),
    positive: Cell.optional().meta({ description: 'the label value that counts as 1; inferred when absent' }),
    time: TimeColumns.optional().meta({
      description: 'the column, or columns joined by +, that say when a row happened',
    }),
    id: ColumnName.optional().meta({ description: 'the column that identifies a row; never a feature' }),
    ignore: Columns.meta({ description: 'columns that are no features' }),
    features: z.array(Name).default([]).meta({
      description: 'feature views whose columns are joined to each row as they were at its time',
    }),
    segments: Columns.meta({ description: 'columns whose values are evaluated one by one' }),
    sensitive: Columns.meta({ description: 'columns fairness is measured by' }),
    columns: z
      .record(
        ColumnName,
        z.strictObject({
          missing: z.array(Cell).default([]).meta({ description: 'cells that mean "missing", such as "n/a"' }),
          type: z.enum(['number', 'text']).optional().meta({ description: 'how to read it; inferred when absent' }),
        }),
      )
      .default({})
      .meta({ description: 'how to read single columns' }),
    label_arrives_after: Duration.prefault('0s').meta({
      description: 'how long after its prediction a label is known',
    }),
    split: Split.prefault({}).meta({ description: 'how rows are parted; versioned with the data' }),
    prepare: z.array(PrepareStep).max(100).default([]).meta({
      description: 'what is done to rows before a model sees them, in order; the package does the same to records',
    }),
    expect: z.array(Expectation).default([]).meta({ description: 'what must hold for new data' }),
  })
  .superRefine((set, context) => {
    const problem = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message })
    for (const { path, message } of sourceProblems(set)) context.addIssue({ code: 'custom', path, message })
    if (set.positive !== undefined && set.task !== undefined && set.task !== 'binary')
      problem(
        'positive',
        says(`a ${set.task} label has no positive value`, 'Remove `positive`, or make it `task: binary`.'),
      )
    for (const role of ['id', 'ignore', 'time'] as const)
      if (set.label !== undefined && [set[role]].flat().includes(set.label))
        problem(
          role,
          says(
            `"${set.label}" is the label, and cannot stand under \`${role}\` too`,
            'Name another column, or remove it here.',
          ),
        )
    if (set.pictures !== undefined && set.label === undefined)
      problem('pictures', says('pictures are labelled by their folders', 'Add `label:` with what to call that column.'))
    if (set.features.length > 0 && set.time === undefined)
      problem(
        'features',
        says(
          'features are joined as they were at a time',
          'Add `time:` with the column that says when a row happened.',
        ),
      )
    if (set.features.length > 0 && (set.time?.length ?? 0) > 1)
      problem('features', says('features are joined at one time', 'Make one column of those under `time`.'))
    if (set.split.by === 'time' && set.time === undefined)
      problem(
        'split',
        says('a split by time needs to know when a row happened', 'Add `time:` with the column that says so.'),
      )
    const keyed = set.split.by === 'group' || set.split.by === 'hash'
    if (keyed && set.split.column === undefined && set.id === undefined)
      problem(
        'split',
        says(`a split by ${set.split.by} needs a column to go by`, 'Add `column:` with the one that stays together.'),
      )
    if (!keyed && set.split.column !== undefined)
      problem('split', says('only a split by group or hash goes by a column', 'Add `by: group`, or remove `column`.'))
    if (keyed && set.label !== undefined && set.split.column === set.label)
      problem(
        'split',
        says(`a split by the label "${set.label}" would leave each part one class`, 'Name another column.'),
      )
    if (set.split.by === 'stratified' && set.task === 'regression')
      problem('split', says('a number cannot be split by class', 'Write `by: random`, or `by: time`.'))
  })
export type DataSet = z.output<typeof DataSet>

export const Data = z.record(Name, DataSet).refine((sets) => Object.keys(sets).length > 0, {
  error: says('there is no data', 'Name a data set with its source and label.'),
})
