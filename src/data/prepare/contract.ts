import { z } from 'zod'
import { defineRoutes } from '#platform/http/contract'

/** What a column looks like: enough for a small picture of it. */
export const ColumnShape = z.object({
  kind: z.enum(['number', 'text']),
  missing: z.int(),
  distinct: z.int(),
  numbers: z
    .object({
      min: z.number(),
      max: z.number(),
      mean: z.number(),
      edges: z.array(z.number()),
      counts: z.array(z.int()),
    })
    .nullable(),
  top: z.array(z.object({ value: z.string(), count: z.int() })).nullable(),
})
export type ColumnShape = z.infer<typeof ColumnShape>

const Cells = z.array(z.array(z.union([z.string(), z.number(), z.null()])))

export const RecipePreview = z.object({
  rows: z.object({
    made: z.int().describe('Rows that the steps before the split leave.'),
    sampled: z.int().describe('Rows that were looked at, evenly spread.'),
    train: z.int().describe('Of these, those that steps were fitted on.'),
  }),
  columns: z.array(
    z.object({
      name: z.string(),
      changed: z.boolean(),
      before: ColumnShape.nullable().describe('Null for a column that the recipe makes.'),
      after: ColumnShape.nullable().describe('Null for one that the model does not see.'),
    }),
  ),
  before: z.object({ columns: z.array(z.string()), rows: Cells }),
  after: z.object({ columns: z.array(z.string()), rows: Cells }),
  fitted: z.array(
    z.object({
      step: z.int(),
      what: z.string(),
      column: z.string(),
      learned: z.record(z.string(), z.union([z.number(), z.string(), z.null()])),
    }),
  ),
  problem: z
    .object({
      step: z.int().nullable().describe('Number of the step that cannot be done, from 0; what is shown is without it.'),
      code: z.string(),
      message: z.string(),
      hint: z.string(),
    })
    .nullable(),
})
export type RecipePreview = z.infer<typeof RecipePreview>

export const TriedRecipe = RecipePreview.extend({
  read: z
    .array(
      z.object({
        dataset: z.string(),
        at: z.number().describe('When its rows were read.'),
        what: z.string().describe('What they were read from, in words.'),
      }),
    )
    .describe('The tables that it was tried on, its own first.'),
})
export type TriedRecipe = z.infer<typeof TriedRecipe>

export const preparationRoutes = defineRoutes({
  previewRecipe: {
    method: 'POST',
    path: '/api/projects/:project/datasets/:dataset/preview-recipe',
    permission: 'projects:write',
    summary: 'What a recipe would do, tried out on a sample of the data set; nothing is kept.',
    params: z.object({ project: z.string(), dataset: z.string() }),
    body: z.object({
      recipe: z.string().max(200_000).describe('The steps in YAML, as under `prepare:`.'),
      again: z
        .boolean()
        .default(false)
        .describe(
          'Sources are read again, those too that tell nothing of themselves and were read less than five minutes ago.',
        ),
    }),
    reply: TriedRecipe,
  },
  getRecipe: {
    method: 'GET',
    path: '/api/projects/:project/datasets/:dataset/recipe',
    permission: 'data:read',
    summary: 'The steps under `prepare:` of a data set, in YAML.',
    params: z.object({ project: z.string(), dataset: z.string() }),
    reply: z.object({ recipe: z.string() }),
  },
})
