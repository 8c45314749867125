import { z } from 'zod'
import { defineRoutes, PageQuery } from '#platform/http/contract'
import { TagChange, TagRef } from './run.contract.ts'

/** More runs than this are not counted: nobody reads the difference, and an experiment can have millions. */
export const MOST_COUNTED = 1_000

export const ExperimentLine = z.object({
  id: z.string(),
  name: z.string(),
  project: z.string().nullable().describe('The project whose pipeline runs it holds.'),
  tags: z.record(z.string(), z.string()),
  createdAt: z.number(),
  updatedAt: z.number(),
  deletedAt: z.number().nullable().describe('When it was put into the bin; it can be restored from there.'),
  runs: z.number().describe(`How many runs it has; ${MOST_COUNTED + 1} for any number above ${MOST_COUNTED}.`),
  lastRunAt: z.number().nullable().describe('When its newest run started.'),
})
export type ExperimentLine = z.infer<typeof ExperimentLine>

const ExperimentRef = z.object({ experiment: z.string().describe('Its id.') })
const Nothing = z.object({})

export const experimentRoutes = defineRoutes({
  listExperiments: {
    method: 'GET',
    path: '/api/experiments',
    permission: 'tracking:read',
    summary: 'Experiments, the one with the newest run first.',
    query: PageQuery.extend({
      project: z.string().optional().describe('`none` for those that belong to no project.'),
      text: z.string().max(500).optional().describe('Occurs in the name.'),
      bin: z.enum(['with', 'only']).optional(),
    }),
    reply: z.object({ experiments: z.array(ExperimentLine), next: z.string().nullable() }),
  },
  getExperiment: {
    method: 'GET',
    path: '/api/experiments/:experiment',
    permission: 'tracking:read',
    summary: 'One experiment, in the bin or not.',
    params: ExperimentRef,
    reply: ExperimentLine,
  },
  renameExperiment: {
    method: 'PATCH',
    path: '/api/experiments/:experiment',
    permission: 'tracking:write',
    summary: 'Renames an experiment.',
    params: ExperimentRef,
    body: z.object({ name: z.string().trim().min(1).max(500) }),
    reply: Nothing,
  },
  deleteExperiment: {
    method: 'DELETE',
    path: '/api/experiments/:experiment',
    permission: 'tracking:write',
    summary: 'Puts an experiment and its runs into the bin.',
    params: ExperimentRef,
    reply: Nothing,
  },
  restoreExperiment: {
    method: 'POST',
    path: '/api/experiments/:experiment/restore',
    permission: 'tracking:write',
    summary: 'Takes an experiment out of the bin, with the runs that went in with it.',
    params: ExperimentRef,
    reply: Nothing,
  },
  tagExperiment: {
    method: 'PUT',
    path: '/api/experiments/:experiment/tags',
    permission: 'tracking:write',
    summary: 'Sets a tag of an experiment.',
    params: ExperimentRef,
    body: TagChange,
    reply: Nothing,
  },
  untagExperiment: {
    method: 'DELETE',
    path: '/api/experiments/:experiment/tags',
    permission: 'tracking:write',
    summary: 'Removes a tag of an experiment.',
    params: ExperimentRef,
    query: TagRef,
    reply: Nothing,
  },
})
