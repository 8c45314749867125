import { z } from 'zod'
import { Task } from '#evaluation/contract'
import { defineRoutes, PageQuery } from '#platform/http/contract'
import type { DataSet, Split } from '#projects/contract'
import { ExpectationResult } from './reports/expectation-result.ts'
import { fileDatasetRoutes } from './files/contract.ts'

export { FileDataset, FileVersion } from './files/contract.ts'

export {
  type AlikePictures,
  type ListedPicture,
  PICTURE_KINDS,
  PICTURE_MEASURES,
  type PictureKind,
  type PictureMeasure,
  PictureProfile,
  PictureQuery,
  pictureRoutes,
} from './pictures/contract.ts'
export { TableDiff } from './diff/contract.ts'
export { dataSourceRoutes, SourceCard, SourceCheck, Upload } from './sources/contract.ts'
export { ExpectationResult } from './reports/expectation-result.ts'
export { dataQualityRoutes, VersionChecks } from './reports/contract.ts'
export { ColumnShape, preparationRoutes, RecipePreview, TriedRecipe } from './prepare/contract.ts'
export { CHARACTERISTICS, Characteristic, Grade, LabelSuspect, Measure, Scorecard } from './scorecard/contract.ts'

type Partly<T> = { [Key in keyof T]?: T[Key] | undefined }

/**
 * How a table is to be read: an entry of `data:` in orrery.yaml, or less. Only the source is needed; without a label
 * there is no split and no leakage test.
 */
export type DatasetSpec = Pick<DataSet, 'source'> & Partly<Omit<DataSet, 'source' | 'split'>> & { split?: SplitSpec }
/** A split whose method is decided. */
export type SplitSpec = Split & { by: NonNullable<Split['by']> }

/**
 * `identifier`: text that is different in (nearly) every row, or numbers that only count the rows; never a feature.
 */
export const ColumnType = z.enum(['numeric', 'categorical', 'timestamp', 'identifier'])
export type ColumnType = z.infer<typeof ColumnType>

export const ColumnSchema = z.object({
  name: z.string(),
  type: ColumnType,
  missing: z.int().min(0).describe('Rows without a value.'),
  integer: z.boolean().describe('Numbers, all of them whole.'),
  constant: z.boolean().optional().describe('The same value in every row, or none; absent in older versions.'),
})
export type ColumnSchema = z.infer<typeof ColumnSchema>

export const TableSchema = z.object({ columns: z.array(ColumnSchema) })
export type TableSchema = z.infer<typeof TableSchema>

/** The label, read: `classes` in the order of their codes, the second the positive one of a binary task. */
export const LabelFacts = z.object({
  column: z.string(),
  task: Task,
  classes: z.array(z.string()),
  counts: z.array(z.int()).describe('Rows of each class; empty for a regression.'),
  missing: z.int().describe('Rows whose label is not known (yet).'),
})
export type LabelFacts = z.infer<typeof LabelFacts>

/** `counts[i]` values lie in (edges[i], edges[i + 1]]; the first bin holds its lower edge too. */
export const Histogram = z.object({ edges: z.array(z.number()), counts: z.array(z.int()) })
export type Histogram = z.infer<typeof Histogram>

/**
 * `identifier`, `constant`, `empty`: no feature. `high_cardinality`: categories that hardly repeat.
 * `leakage`: nearly gives away the label. `became_constant`: it varied in the version before. `mostly_missing`,
 * `nearly_constant`: says next to nothing. `redundant`: another column says the same. `personal`: may tell who somebody is.
 */
export const ColumnFlag = z.enum([
  'identifier',
  'constant',
  'empty',
  'high_cardinality',
  'leakage',
  'became_constant',
  'mostly_missing',
  'nearly_constant',
  'redundant',
  'personal',
])
export type ColumnFlag = z.infer<typeof ColumnFlag>

export const ColumnProfile = ColumnSchema.extend({
  distinct: z
    .int()
    .describe('Different values; an estimate (standard error 13 %) for times, and for numbers above 100,000 rows.'),
  flags: z.array(ColumnFlag),
  numbers: z
    .object({
      min: z.number(),
      max: z.number(),
      mean: z.number().nullable().describe('Null when the sum is beyond the largest number.'),
      std: z.number().nullable().describe('Of a sample (divided by n - 1); null for a single value.'),
      quantiles: z.object({
        p01: z.number(),
        p05: z.number(),
        p25: z.number(),
        p50: z.number(),
        p75: z.number(),
        p95: z.number(),
        p99: z.number(),
      }),
      histogram: Histogram,
    })
    .nullable(),
  categories: z
    .object({
      top: z.array(z.object({ value: z.string(), count: z.int() })),
      other: z.int().describe('Rows with any other value.'),
    })
    .nullable(),
  times: z.object({ from: z.number(), to: z.number() }).nullable().describe('Milliseconds since 1970.'),
})
export type ColumnProfile = z.infer<typeof ColumnProfile>

export const Leakage = z.object({
  column: z.string(),
  score: z.number().describe('1 gives the label away, 0 knows nothing.'),
  measure: z.enum(['auc', 'lambda', 'rank_correlation']),
  reason: z.string(),
})
export type Leakage = z.infer<typeof Leakage>

export const TimeProfile = z.object({
  columns: z.array(z.string()),
  from: z.number(),
  to: z.number(),
  ordered: z.boolean().describe('Rows are in order of time.'),
  period: z.number().describe('Length of a period in ms: a day, or more when there are many.'),
  rows: z.array(z.int()).describe('Rows in each period, the first of which starts at or before `from`.'),
})
export type TimeProfile = z.infer<typeof TimeProfile>

/** How strongly two columns hang together: the sign is that of Spearman's correlation, the other measures have none. */
export const Relation = z.object({
  a: z.string(),
  b: z.string(),
  measure: z.enum(['spearman', 'cramers_v', 'correlation_ratio']),
  value: z.number(),
})
export type Relation = z.infer<typeof Relation>

export const PersonalData = z.object({
  column: z.string(),
  kind: z.enum(['email', 'phone', 'card', 'iban', 'ip_address', 'name', 'birth_date', 'address', 'government_id']),
  share: z.number().nullable().describe('Of the values that look like one; null where its name gave it away.'),
  reason: z.string(),
})
export type PersonalData = z.infer<typeof PersonalData>

export const ColumnDepth = z.object({
  outliers: z
    .object({ rows: z.int(), below: z.number(), above: z.number() })
    .optional()
    .describe('Rows beyond Tukey’s outer fences, three interquartile ranges from the quartiles.'),
  text: z
    .object({
      shortest: z.int(),
      longest: z.int(),
      mean: z.number(),
      words: z.number(),
      ascii: z.number().describe('Share of the values.'),
      digits: z.number().describe('Share of the values that are digits only.'),
      scripts: z.record(z.string(), z.number()).describe('Share of the values with a letter of this script.'),
    })
    .optional()
    .describe('Of a sample; lengths in characters.'),
})
export type ColumnDepth = z.infer<typeof ColumnDepth>

/** What a profile tells beyond each column's shape. */
export const ProfileDepth = z.object({
  sampled: z.int().describe('Rows that relations were computed on.'),
  relations: z.array(Relation).describe('Of at least 0.1, strongest first.'),
  repeated: z.object({ rows: z.int(), exact: z.boolean() }).describe('Rows that are equal to an earlier one.'),
  personal: z.array(PersonalData),
  columns: z.record(z.string(), ColumnDepth),
})
export type ProfileDepth = z.infer<typeof ProfileDepth>

export const Profile = z.object({
  rows: z.int(),
  sampled: z.int().describe('Rows that quantiles and leakage were computed on.'),
  columns: z.array(ColumnProfile),
  label: LabelFacts.nullable(),
  time: TimeProfile.nullable(),
  leakage: z.array(Leakage),
  depth: ProfileDepth.optional().describe('Absent in versions made before it was computed.'),
})
export type Profile = z.infer<typeof Profile>

/** Rows of a later part that an earlier one has too; `rows` are counted in the later part. */
const Crossing = z.object({
  kind: z
    .enum(['exact', 'near', 'key'])
    .describe('The same in every feature; in nearly every one; the same value of `column`.'),
  from: z.enum(['train', 'validation']),
  to: z.enum(['validation', 'test']),
  column: z.string().nullable(),
  rows: z.int(),
  share: z.number().describe('Of the rows of the later part that were looked at.'),
  examples: z.array(z.object({ row: z.int(), like: z.int(), value: z.string().nullable() })).describe('Rows from 1.'),
})
export const SplitOverlap = z.object({
  looked: z.int().describe('Rows of validation and test that were looked at for copies.'),
  exact: z.boolean().describe('All of them were; otherwise an even sample.'),
  crossings: z.array(Crossing),
})
export type SplitOverlap = z.infer<typeof SplitOverlap>

/** The rule and the outcome; the rows of each part follow from both and from the table, and hash to `hash`. */
export const SplitDescriptor = z.object({
  by: z.enum(['time', 'random', 'stratified', 'group', 'hash']),
  column: z.string().optional().describe('What a split by group or hash goes by.'),
  seed: z.int(),
  shares: z.object({ train: z.number(), validation: z.number(), test: z.number() }),
  rows: z.object({ train: z.int(), validation: z.int(), test: z.int(), unlabelled: z.int() }),
  /** Times at which validation and test begin, of a split by time. */
  boundaries: z.object({ validation: z.number(), test: z.number() }).nullable(),
  hash: z.string(),
  overlap: SplitOverlap.optional().describe(
    'What parts have in common; absent in versions made before it was looked for.',
  ),
})
export type SplitDescriptor = z.infer<typeof SplitDescriptor>

/** A feature view whose columns were joined, and the data versions it was computed from. */
const JoinedView = z.object({ view: z.string(), version: z.int(), tables: z.record(z.string(), z.string()) })
const features = z.array(JoinedView).optional().describe('Feature views that were joined to the rows.')

const Prepared = z.object({
  recipe: z.string().describe('The sha256 of the steps.'),
  tables: z.record(z.string(), z.string()).describe('The content of the other data sets they read.'),
  versions: z
    .record(z.string(), z.string())
    .optional()
    .describe('The versions that these are; absent where they were read without a server, and in older versions.'),
})
export type Prepared = z.infer<typeof Prepared>
const prepared = Prepared.optional().describe('The steps that made rows of the source, and what they read.')

/** Where rows came from, precise enough to tell whether the same source would be read again. */
export const SourceDescriptor = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('files'),
    source: z.string().describe('As written in the project file.'),
    files: z.array(z.object({ name: z.string(), bytes: z.number(), sha256: z.string() })),
    features,
    prepared,
  }),
  z.object({ kind: z.literal('url'), source: z.string(), bytes: z.number(), sha256: z.string(), features, prepared }),
  z.object({
    kind: z.literal('taken'),
    place: z.enum(['api', 's3', 'postgres', 'mysql', 'sqlite', 'upload', 'predictions']),
    source: z.string().describe('As written in the project file, secrets by their names.'),
    what: z.string().optional().describe('The query, or how many records there were.'),
    bytes: z.number(),
    sha256: z.string().describe('Of what was kept of it.'),
    takenAt: z.number(),
    files: z
      .array(z.object({ name: z.string(), bytes: z.number(), sha256: z.string() }))
      .optional()
      .describe('Where it is several.'),
    features,
    prepared,
  }),
  z.object({
    kind: z.literal('appended'),
    source: z.string().describe('Where the new rows came from, in words.'),
    rows: z.int().describe('Rows that were added.'),
  }),
  z.object({
    kind: z.literal('joined'),
    source: z.string().describe('What it was joined from, in words.'),
    of: z.string().describe('The data version with the entities.'),
    views: z.array(JoinedView),
  }),
])
export type SourceDescriptor = z.infer<typeof SourceDescriptor>

export const DataWarning = z.object({ code: z.string(), message: z.string(), hint: z.string() })
export type DataWarning = z.infer<typeof DataWarning>

/** The first rows, cells as text; `null` is a missing value. */
export const Preview = z.object({ columns: z.array(z.string()), rows: z.array(z.array(z.string().nullable())) })
export type Preview = z.infer<typeof Preview>

/** One line of a list of versions. */
export const DataVersionSummary = z.object({
  id: z.string(),
  project: z.string(),
  dataset: z.string(),
  number: z.int(),
  rows: z.int(),
  columns: z.int(),
  contentHash: z
    .string()
    .describe('Of the values and their types: equal for equal tables, whatever file they were in.'),
  parent: z.string().nullable().describe('The version it was made from by appending rows.'),
  createdAt: z.number(),
  source: SourceDescriptor,
})
export type DataVersionSummary = z.infer<typeof DataVersionSummary>

export const DataVersion = DataVersionSummary.extend({
  blobHash: z.string().describe('Of the Parquet file.'),
  bytes: z.number(),
  schema: TableSchema,
  profile: Profile,
  split: SplitDescriptor.nullable(),
  expectations: z.array(ExpectationResult),
  warnings: z.array(DataWarning),
  quarantine: z
    .object({ rows: z.int(), blobHash: z.string() })
    .nullable()
    .optional()
    .describe('Rows that were set aside, with why; absent in versions made before there was a quarantine.'),
})
export type DataVersion = z.infer<typeof DataVersion>

export const LineageStep = z.object({
  from: z.string().describe('A version, which the other was made of.'),
  to: z.string(),
  by: z
    .enum(['append', 'recipe', 'features', 'entities'])
    .describe(
      'Rows were added to it; a recipe read it; a feature view was computed from it; features were joined to it.',
    ),
  view: z.string().nullable().describe('The feature view.'),
})
export type LineageStep = z.infer<typeof LineageStep>

export const DataLineage = z.object({
  versions: z
    .array(
      DataVersionSummary.pick({
        id: true,
        dataset: true,
        number: true,
        rows: true,
        contentHash: true,
        createdAt: true,
        source: true,
      }),
    )
    .describe('The version that was asked for, and all that it was made of, the nearest first.'),
  steps: z.array(LineageStep),
  cut: z.boolean().describe('There are more than are told.'),
})
export type DataLineage = z.infer<typeof DataLineage>

export const Dataset = z.object({
  id: z.string(),
  project: z.string(),
  name: z.string(),
  versions: z.int(),
  createdAt: z.number(),
  latest: DataVersionSummary.nullable(),
})
export type Dataset = z.infer<typeof Dataset>

const OneDataset = z.object({ project: z.string(), dataset: z.string() })
const OneVersion = z.object({ version: z.string() })

export const dataRoutes = defineRoutes({
  ...fileDatasetRoutes,
  listDatasets: {
    method: 'GET',
    path: '/api/projects/:project/datasets',
    permission: 'data:read',
    summary: 'The project’s datasets, each with its latest version.',
    params: z.object({ project: z.string() }),
    reply: z.object({ datasets: z.array(Dataset) }),
  },
  listDataVersions: {
    method: 'GET',
    path: '/api/projects/:project/datasets/:dataset/versions',
    permission: 'data:read',
    summary: 'Versions of a dataset, newest first.',
    params: OneDataset,
    query: PageQuery,
    reply: z.object({ versions: z.array(DataVersionSummary), next: z.string().nullable() }),
  },
  getDataVersion: {
    method: 'GET',
    path: '/api/data-versions/:version',
    permission: 'data:read',
    summary: 'One version with its schema, profile, split and expectations.',
    params: OneVersion,
    reply: DataVersion,
  },
  traceDataVersion: {
    method: 'GET',
    path: '/api/data-versions/:version/lineage',
    permission: 'data:read',
    summary:
      'The versions of all tables that a version was made of: appended to, read by its recipe, joined as features.',
    params: OneVersion,
    reply: DataLineage,
  },
  findDataVersion: {
    method: 'GET',
    path: '/api/projects/:project/datasets/:dataset/versions/:number',
    permission: 'data:read',
    summary: 'One version by its number, or the `latest`.',
    params: OneDataset.extend({ number: z.union([z.literal('latest'), z.coerce.number().int().min(1)]) }),
    reply: DataVersion,
  },
  readTable: {
    method: 'GET',
    path: '/api/data-versions/:version/table.parquet',
    permission: 'data:read',
    summary: 'All rows of a version as Parquet; a `Range` gives a part of the file, `Repr-Digest` its hash.',
    params: OneVersion,
    reply: z.unknown(),
    raw: true,
  },
  readParts: {
    method: 'GET',
    path: '/api/data-versions/:version/parts.parquet',
    permission: 'data:read',
    summary: 'The part of the split that each row of a version is in, in the order of its rows, as Parquet.',
    params: OneVersion,
    reply: z.unknown(),
    raw: true,
  },
  previewDataVersion: {
    method: 'GET',
    path: '/api/data-versions/:version/preview',
    permission: 'data:read',
    summary: 'The first rows of a version.',
    params: OneVersion,
    reply: Preview,
  },
})
