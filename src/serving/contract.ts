import { z } from 'zod'
import { defineRoutes, PageQuery } from '#platform/http/contract'
import { FeedbackReceipt, feedbackRoutes, NewFeedback } from './feedback.contract.ts'

export { Feedback, FeedbackReceipt, FeedbackSummary, NewFeedback } from './feedback.contract.ts'

const Value = z.union([z.number(), z.string(), z.boolean(), z.null()])

export const PredictBody = z.object({
  records: z
    .array(z.record(z.string(), Value))
    .min(1)
    .max(10_000)
    .describe('One object per answer, keyed by column name; the time column, if sent, becomes its event time.'),
  ids: z.array(z.string().min(1).max(200)).optional().describe('Your own prediction ids, one per record.'),
  explain: z.boolean().optional().describe('What each column did to each answer; of at most 20 records.'),
})

export const OcclusionExplanation = z.object({
  method: z.literal('occlusion'),
  score: z.number().describe('P(the label that was answered), of the whole picture.'),
  drops: z
    .array(z.array(z.number()))
    .describe('By row from the top: how far the score falls when this part of the picture is covered.'),
})
export type OcclusionExplanation = z.infer<typeof OcclusionExplanation>

export const Prediction = z.object({
  id: z.string(),
  value: z.number().describe('P(positive class), or the predicted number.'),
  label: z.string().nullable().describe('The most likely class; null for regression.'),
  probabilities: z.record(z.string(), z.number()).nullable(),
  version: z.number().int().describe('The champion of the route that answered.'),
  explanation: OcclusionExplanation.optional().describe('Where it was asked for.'),
  contributions: z
    .array(z.object({ feature: z.string(), contribution: z.number() }))
    .nullable()
    .optional()
    .describe('Where it was asked for: how far each column moved the value; null where no held-back rows tell.'),
})
export type Prediction = z.infer<typeof Prediction>

/** One joined record: the answer and, when it is known, the ground truth. */
export const LoggedPrediction = z.object({
  id: z.string(),
  endpoint: z.string(),
  model: z.string(),
  version: z.number().int(),
  route: z.enum(['stable', 'canary']),
  eventTime: z.number(),
  receivedAt: z.number(),
  latencyMs: z.number(),
  inputs: z.record(z.string(), Value),
  value: z.number(),
  label: z.string().nullable(),
  scores: z.record(z.string(), z.number()).describe('What each version alone would have said, by version number.'),
  weights: z.record(z.string(), z.number()).describe('Part of each version in this answer, by version number.'),
  groundTruth: z.object({ label: z.string(), eventTime: z.number().nullable(), receivedAt: z.number() }).nullable(),
})
export type LoggedPrediction = z.infer<typeof LoggedPrediction>

/** A request that got an error instead of an answer. */
export const Failure = z.object({
  endpoint: z.string(),
  requestId: z.string().nullable(),
  receivedAt: z.number(),
  latencyMs: z.number(),
  code: z.string(),
  status: z.number().int(),
  message: z.string(),
  records: z.number().int().describe('How many it asked about.'),
  inputs: z.array(z.record(z.string(), z.unknown())).describe('The first of them, without what must not be logged.'),
})
export type Failure = z.infer<typeof Failure>

/** A model that was opened, in memory now or not. */
export const ModelInMemory = z.object({
  name: z.string().describe('`model@version`; with the part in brackets where it is one of a composed model.'),
  loaded: z.boolean(),
  placement: z.enum(['inline', 'process']).describe('Beside HTTP, or in a process of its own.'),
  fileBytes: z.number(),
  bytes: z
    .number()
    .describe('What counts: its process as that said last, or beside HTTP its files; 0 while it is out.'),
  microseconds: z.number().nullable().describe('Of a run of one row when it was loaded, where that was measured.'),
  loads: z.number().int(),
  evictions: z.number().int().describe('How often it left memory for another.'),
  processEnds: z.number().int().describe('Processes of it that crashed, were ended or were replaced.'),
  problem: z.string().nullable().describe('Why it cannot answer just now.'),
  endpoints: z.array(z.string()).describe('That hold it ready; none for one that is borrowed or left over.'),
})
export type ModelInMemory = z.infer<typeof ModelInMemory>

export const servingRoutes = defineRoutes({
  predict: {
    method: 'POST',
    path: '/predict/:endpoint',
    permission: 'serving:predict',
    summary:
      'Answers records, rows of CSV (`text/csv`), or a picture whose bytes are the body (`image/jpeg`, `image/png`, ' +
      '`multipart/form-data`); every answer is logged with an id.',
    params: z.object({ endpoint: z.string() }),
    query: z
      .object({ explain: z.enum(['occlusion']).optional().describe('Which part of a picture made the answer.') })
      .catchall(z.string())
      .describe('Beside a picture: further columns of its record, such as its time.'),
    body: PredictBody,
    otherBodies: ['text/csv', 'image/jpeg', 'image/png', 'multipart/form-data'],
    reply: z.object({ model: z.string(), predictions: z.array(Prediction) }),
  },
  feedback: {
    method: 'POST',
    path: '/feedback',
    permission: 'serving:feedback',
    summary:
      'Ground truth for predictions (`labels`), and what people say of them or of an endpoint (`feedback`), in any order, ' +
      'early or late; the same twice is one.',
    body: z
      .object({
        labels: z
          .array(
            z.object({
              id: z.string(),
              label: z.union([z.string(), z.number(), z.boolean()]).transform(String),
              time: z.string().optional().describe('When it became true, ISO 8601.'),
            }),
          )
          .min(1)
          .max(100_000)
          .optional(),
        feedback: z.array(NewFeedback).min(1).max(10_000).optional(),
      })
      .refine(({ labels, feedback }) => (labels ?? feedback) !== undefined, {
        error: 'give `labels` or `feedback`',
      }),
    reply: z.object({
      joined: z.number(),
      repeated: z.number().describe('Labels told before, just so.'),
      corrected: z.number().describe('Labels that replaced another.'),
      unknown: z.array(z.string()).describe('Ids that no prediction has yet (the first 100); their labels wait.'),
      refused: z
        .array(z.object({ id: z.string(), reason: z.string() }))
        .describe('Labels that are none for their endpoint (the first 100); they were not kept.'),
      feedback: FeedbackReceipt.optional().describe('What became of `feedback`, where some was sent.'),
    }),
  },
  ...feedbackRoutes,
  listPredictions: {
    method: 'GET',
    path: '/api/endpoints/:endpoint/predictions',
    permission: 'serving:read',
    summary: 'Logged predictions, newest first.',
    params: z.object({ endpoint: z.string() }),
    query: PageQuery.extend({
      version: z.coerce.number().int().optional(),
      labelled: z.enum(['yes', 'no']).optional(),
      from: z.string().optional().describe('Event time, ISO 8601, included.'),
      to: z.string().optional().describe('Event time, ISO 8601, not included.'),
      label: z.string().optional().describe('What was answered.'),
      text: z.string().min(1).max(200).optional().describe('In the id, the inputs or the label, whatever its case.'),
    }),
    reply: z.object({ predictions: z.array(LoggedPrediction), next: z.string().nullable() }),
  },
  listFailures: {
    method: 'GET',
    path: '/api/endpoints/:endpoint/failures',
    permission: 'serving:read',
    summary: 'Requests that got an error instead of an answer, newest first.',
    params: z.object({ endpoint: z.string() }),
    query: PageQuery,
    reply: z.object({
      failures: z.array(Failure),
      dropped: z.number().describe('Those that were not written down since the server started: they came too fast.'),
      next: z.string().nullable(),
    }),
  },
  queryPredictions: {
    method: 'POST',
    path: '/api/endpoints/:endpoint/predictions/query',
    permission: 'serving:read',
    summary: 'One SELECT of DuckDB over the table `predictions`: the log of the endpoint with its ground truth.',
    params: z.object({ endpoint: z.string() }),
    body: z.object({ sql: z.string().min(1).max(100_000) }),
    reply: z.object({
      columns: z.array(z.string()),
      rows: z.array(z.array(z.union([z.string(), z.number(), z.boolean(), z.null()]))),
      cut: z.boolean().describe('There are more rows than the 10,000 given.'),
    }),
    status: 200,
  },
  exportPredictions: {
    method: 'GET',
    path: '/api/endpoints/:endpoint/predictions/export',
    permission: 'serving:read',
    summary: 'The log of the endpoint with its ground truth as one Parquet file.',
    params: z.object({ endpoint: z.string() }),
    reply: z.unknown(),
    raw: true,
  },
  getPrediction: {
    method: 'GET',
    path: '/api/predictions/:id',
    permission: 'serving:read',
    summary: 'One logged prediction.',
    params: z.object({ id: z.string() }),
    reply: LoggedPrediction,
  },
  explanationPicture: {
    method: 'GET',
    path: '/api/predictions/:id/explanation.png',
    permission: 'serving:read',
    summary: 'What the model saw, and which part of it made the answer: a PNG, of a picture that was kept.',
    params: z.object({ id: z.string() }),
    query: z.object({ plain: z.enum(['yes', 'no']).default('no').describe('yes: the picture alone.') }),
    reply: z.unknown(),
    raw: true,
  },
  modelsInMemory: {
    method: 'GET',
    path: '/api/serving/models',
    permission: 'serving:read',
    summary: 'Which models are in memory, where they run, what they take, and how often they came and went.',
    reply: z.object({
      budgetBytes: z.number().describe('ORRERY_MODELMEMORY.'),
      usedBytes: z.number(),
      serverBytes: z
        .number()
        .describe('Resident memory of the server’s own process, with the models beside HTTP in it.'),
      models: z.array(ModelInMemory),
    }),
  },
  servingStatus: {
    method: 'GET',
    path: '/api/endpoints/:endpoint/status',
    permission: 'serving:read',
    summary: 'How an endpoint serves since the server started: counts, latency, dropped log records, by version.',
    params: z.object({ endpoint: z.string() }),
    reply: z.object({
      endpoint: z.string(),
      ready: z.boolean(),
      requestsPerSecond: z.number(),
      versions: z.array(
        z.object({
          version: z.number().int(),
          served: z.number(),
          failed: z.number(),
          p50Ms: z.number().nullable(),
          p99Ms: z.number().nullable(),
        }),
      ),
      predictions: z.number(),
      failed: z.number().describe('Records that got no answer through our fault.'),
      refused: z.number().describe('Requests that did not fit the signature.'),
      labelled: z.number(),
      droppedLogRecords: z.number(),
    }),
  },
})
