import { z } from 'zod'
import { defineRoutes } from '#platform/http/contract'
import { InferenceGraph } from '#runtime/contract'

const Figures = z.object({ maxAbsDifference: z.number(), maxScaledDifference: z.number(), rows: z.number().int() })

/** How far a version that training code registered is on its way to be servable. */
export const Packaging = z.object({
  model: z.string(),
  version: z.number().int(),
  state: z.enum(['none', 'queued', 'running', 'succeeded', 'failed', 'cancelled']),
  job: z.string().nullable(),
  by: z.string().nullable().describe('Who asked for it.'),
  progress: z.string().nullable().describe('What is going on just now.'),
  error: z
    .object({ code: z.string(), message: z.string(), hint: z.string() })
    .nullable()
    .describe('Why it failed; of a parity that was breached, with the figures.'),
  outcome: z
    .object({
      flavor: z.string().describe('The flavor of MLflow it was read as.'),
      estimator: z
        .string()
        .nullable()
        .describe('The class of the model that was converted; null for one taken as it is.'),
      parity: Figures.nullable().describe('Null where nothing was converted.'),
      judged: z.string().describe('On which rows it was judged, or why on none.'),
    })
    .nullable(),
  askedAt: z.number().nullable(),
  finishedAt: z.number().nullable(),
})
export type Packaging = z.infer<typeof Packaging>
export type PackagingOutcome = NonNullable<Packaging['outcome']>

/** What the files of an ONNX model do not say. */
export const PackagingWishes = z.object({
  project: z
    .string()
    .optional()
    .describe('Judge it on the held-back rows of this project; the model’s own when absent.'),
  task: z
    .enum(['binary', 'multiclass', 'regression'])
    .optional()
    .describe('Of an ONNX model or one that Python answers for, where it does not tell.'),
  classes: z
    .array(z.string())
    .min(2)
    .max(10_000)
    .optional()
    .describe('Of an ONNX model or one that Python answers for, in the order of its probabilities.'),
  python: z
    .boolean()
    .optional()
    .describe(
      'Let Python answer for it as it was logged, though it could be converted. What nothing converts goes this way by itself.',
    ),
})
export type PackagingWishes = z.infer<typeof PackagingWishes>

const OneVersion = z.object({ model: z.string(), version: z.coerce.number().int().min(1) })

export const packagingRoutes = defineRoutes({
  packageVersion: {
    method: 'POST',
    path: '/api/models/:model/versions/:version/packaging',
    permission: 'packaging:write',
    summary: 'Makes a version that training code registered servable: ONNX, with checked parity. Goes on by itself.',
    params: OneVersion,
    body: PackagingWishes,
    reply: Packaging,
    status: 202,
  },
  composeVersion: {
    method: 'POST',
    path: '/api/models/:model/graphs',
    permission: 'packaging:write',
    summary:
      'Makes a version out of packaged versions that answer together: in a chain, combined, or chosen by the row.',
    params: z.object({ model: z.string() }),
    query: z.object({ project: z.string().optional().describe('Judge it on the held-back rows of this project.') }),
    body: InferenceGraph,
    reply: z.object({ model: z.string(), version: z.number().int() }),
    status: 201,
  },
  getPackaging: {
    method: 'GET',
    path: '/api/models/:model/versions/:version/packaging',
    permission: 'packaging:read',
    summary: 'How far the packaging of a version is, or why it failed.',
    params: OneVersion,
    reply: Packaging,
  },
})
