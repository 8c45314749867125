import { z } from 'zod'
import { defineRoutes } from '#platform/http/contract'
import { Artifact, LoggedModelStatus, RunState } from './run.contract.ts'

const Texts = z.record(z.string(), z.string())
const Moment = z.int()
const Id = z.string().min(1).max(200)

/** Where something comes from: the address of a server, or the path of a folder or a database. */
const Source = z.string().min(1).max(2_000)

export const ImportedExperiment = z.object({
  id: Id,
  name: z.string().min(1),
  tags: Texts,
  createdAt: Moment,
  updatedAt: Moment,
  deletedAt: Moment.nullable(),
})
export type ImportedExperiment = z.infer<typeof ImportedExperiment>

/** What an id of the source is here. */
export const Place = z.object({
  id: z.string(),
  here: z.string(),
  name: z.string(),
  how: z
    .enum(['kept', 'joined', 'renamed', 'renumbered'])
    .describe(
      '`joined`: with the experiment of that name here. `renamed`: the name was taken. `renumbered`: the id was.',
    ),
})
export type Place = z.infer<typeof Place>

export const ImportedRun = z.object({
  id: Id,
  experiment: Id.describe('Its id at the source.'),
  name: z.string(),
  state: RunState,
  startedAt: Moment,
  endedAt: Moment.nullable(),
  deletedAt: Moment.nullable(),
  parent: Id.nullable(),
  params: Texts,
  tags: Texts,
})
export type ImportedRun = z.infer<typeof ImportedRun>

export const RunPlace = z.object({ id: z.string(), here: z.string(), isNew: z.boolean() })
export type RunPlace = z.infer<typeof RunPlace>

/** Points of one metric, in columns: a history is mostly numbers. */
export const ImportedPoints = z
  .object({
    run: Id.describe('Its id here.'),
    key: z.string().min(1),
    model: z.string().nullable(),
    dataset: z.object({ name: z.string(), digest: z.string() }).nullable(),
    steps: z.array(Moment),
    times: z.array(Moment),
    values: z.array(z.number().nullable()).describe('null is NaN.'),
  })
  .refine(({ steps, times, values }) => steps.length === times.length && times.length === values.length, {
    message: 'steps, times and values are not of one length',
  })
export type ImportedPoints = z.infer<typeof ImportedPoints>

export const ImportedModel = z.object({
  id: Id,
  experiment: Id.describe('Its id at the source.'),
  run: Id.nullable().describe('Its id here.'),
  name: z.string(),
  type: z.string(),
  status: LoggedModelStatus,
  params: Texts,
  tags: Texts,
  createdAt: Moment,
  updatedAt: Moment,
  deletedAt: Moment.nullable(),
})
export type ImportedModel = z.infer<typeof ImportedModel>

/** Figures that two sets of points share if they are the same ones, in whatever order. */
export const PointSums = z.object({
  points: z.number(),
  steps: z.number().describe('Sum of all steps modulo 65521.'),
  times: z.number().describe('Sum of all times modulo 65521.'),
  nans: z.number(),
  least: z.number().nullable().describe('NaN counts as 0.'),
  most: z.number().nullable(),
})
export type PointSums = z.infer<typeof PointSums>

export const KeptRun = ImportedRun.omit({ id: true, experiment: true }).extend({
  id: z.string().describe('Its id at the source.'),
  here: z.string(),
  sums: PointSums,
  artifacts: z.array(Artifact),
  mark: z.string().nullable(),
})
export type KeptRun = z.infer<typeof KeptRun>

export const KeptModel = ImportedModel.omit({ experiment: true }).extend({
  artifacts: z.array(Artifact),
  mark: z.string().nullable(),
})
export type KeptModel = z.infer<typeof KeptModel>

const PER_REQUEST = 200

export const importRoutes = defineRoutes({
  importExperiments: {
    method: 'POST',
    path: '/api/imports/experiments',
    permission: 'tracking:import',
    summary: 'Experiments of another server, with their ids where those are free. Asked again, the same answer.',
    body: z.object({ source: Source, experiments: z.array(ImportedExperiment).max(PER_REQUEST) }),
    reply: z.object({ experiments: z.array(Place) }),
  },
  importRuns: {
    method: 'POST',
    path: '/api/imports/runs',
    permission: 'tracking:import',
    summary:
      'Runs of another server, with their ids where those are free; those here already follow what changed there.',
    body: z.object({ source: Source, runs: z.array(ImportedRun).max(PER_REQUEST) }),
    reply: z.object({ runs: z.array(RunPlace) }),
  },
  importPoints: {
    method: 'POST',
    path: '/api/imports/points',
    permission: 'tracking:import',
    summary: 'Points of metrics, of many runs at once; one that is there already is no second one.',
    body: z.object({ histories: z.array(ImportedPoints).max(20_000) }),
    reply: z.object({}),
  },
  importModels: {
    method: 'POST',
    path: '/api/imports/models',
    permission: 'tracking:import',
    summary: 'Logged models of another server, with their ids.',
    body: z.object({ source: Source, models: z.array(ImportedModel).max(PER_REQUEST) }),
    reply: z.object({}),
  },
  importArtifact: {
    method: 'PUT',
    path: '/api/imports/artifacts/:owner/*',
    permission: 'tracking:import',
    summary: 'A file of a run or a logged model, in the bin or not.',
    params: z.object({ owner: z.string(), '*': z.string() }),
    upload: true,
    reply: Artifact,
  },
  kept: {
    method: 'POST',
    path: '/api/imports/kept',
    permission: 'tracking:import',
    summary: 'What is here of these runs and logged models of a source, for comparing and for going on.',
    body: z.object({
      source: Source,
      runs: z.array(Id).max(PER_REQUEST).default([]),
      models: z.array(Id).max(PER_REQUEST).default([]),
    }),
    reply: z.object({ runs: z.array(KeptRun), models: z.array(KeptModel) }),
  },
  markImported: {
    method: 'POST',
    path: '/api/imports/marks',
    permission: 'tracking:import',
    summary: 'Remembers in which state something of the source was brought over whole.',
    body: z.object({
      source: Source,
      kind: z.enum(['run', 'model']),
      marks: z.array(z.object({ id: Id, mark: z.string().max(2_000) })).max(PER_REQUEST),
    }),
    reply: z.object({}),
  },
  finishImport: {
    method: 'POST',
    path: '/api/imports/finish',
    permission: 'tracking:import',
    summary: 'Puts on record that an import came to its end, and with what.',
    body: z.object({ source: Source, agrees: z.boolean(), counts: z.record(z.string(), z.number()) }),
    reply: z.object({}),
  },
})
