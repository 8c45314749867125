import { z } from 'zod'
import { defineRoutes, PageQuery } from '#platform/http/contract'

const Text = (most: number) => z.string().min(1).max(most)

/** Up and down stand for the ends of the scale, so that thumbs and stars have one mean. */
const Rating = z
  .union([z.enum(['up', 'down']), z.number().min(1).max(5)])
  .transform((rating) => (rating === 'up' ? 5 : rating === 'down' ? 1 : rating))

/** What a person says of an answer, or of an endpoint. */
export const NewFeedback = z
  .object({
    id: Text(200)
      .optional()
      .describe('Your own: sent again under it, it replaces what was said. Of its content when absent.'),
    prediction: Text(200).optional().describe('The answer it is about; it may come before the answer does.'),
    endpoint: Text(200).optional().describe('The endpoint it is about, where it is about no answer.'),
    rating: Rating.optional().describe('1 to 5, or `up` (5) and `down` (1).'),
    value: z
      .union([z.string().max(500), z.number(), z.boolean()])
      .transform(String)
      .optional()
      .describe('What the answer should have been, in this person’s eyes: no ground truth, which `labels` tell.'),
    comment: Text(4_000).optional(),
    person: Text(200).optional().describe('Who says it.'),
    tags: z.array(Text(64)).max(20).optional(),
    time: z.string().optional().describe('When it was said, ISO 8601; now when absent.'),
  })
  .refine(({ prediction, endpoint }) => prediction !== undefined || endpoint !== undefined, {
    error: 'feedback is about something: give `prediction` or `endpoint`',
  })
  .refine(({ rating, value, comment, tags }) => (rating ?? value ?? comment) !== undefined || (tags?.length ?? 0) > 0, {
    error: 'feedback says something: give `rating`, `value`, `comment` or `tags`',
  })
export type NewFeedback = z.output<typeof NewFeedback>

/** Feedback as it is kept. */
export const Feedback = z.object({
  id: z.string(),
  prediction: z.string().nullable(),
  endpoint: z.string().nullable().describe('null while the prediction it is about has not come.'),
  version: z.number().int().nullable().describe('Of the model that answered.'),
  rating: z.number().nullable().describe('1 to 5.'),
  value: z.string().nullable(),
  agrees: z.boolean().nullable().describe('Whether `value` is what was answered; null without a class to compare.'),
  comment: z.string().nullable(),
  person: z.string().nullable(),
  sender: z.string().nullable().describe('The identity that sent it.'),
  tags: z.array(z.string()),
  givenAt: z.number(),
  receivedAt: z.number(),
  replaced: z.number().int().describe('How often it was said anew under its id.'),
})
export type Feedback = z.infer<typeof Feedback>

export const FeedbackReceipt = z.object({
  kept: z.number(),
  repeated: z.number().describe('Told before, just so.'),
  replaced: z.number().describe('Said anew under an id that was there.'),
  waiting: z.array(z.string()).describe('Predictions that have not come (the first 100); what was said of them waits.'),
  refused: z
    .array(z.object({ index: z.number().int(), reason: z.string() }))
    .describe('What was not kept (the first 100), by its place in the request.'),
})
export type FeedbackReceipt = z.infer<typeof FeedbackReceipt>

const Share = z.object({ value: z.number(), lower95: z.number().nullable(), upper95: z.number().nullable() })

const Counts = z.object({
  count: z.number().int(),
  rated: z.number().int(),
  meanRating: z.number().nullable(),
  low: z.number().int().describe('Rated 2 or less.'),
  valued: z.number().int().describe('With a value that can be compared with the answer.'),
  disagree: z.number().int().describe('Whose value is another than the answer.'),
})

export const FeedbackSummary = Counts.extend({
  predictions: z.number().int().describe('Answers that somebody said something of.'),
  people: z.number().int(),
  comments: z.number().int(),
  disagreeShare: Share.nullable().describe('Of those with a value, with Wilson’s interval.'),
  tags: z
    .array(z.object({ tag: z.string(), count: z.number().int() }))
    .describe('Of the latest 10,000, the 20 most frequent.'),
  versions: z.array(Counts.extend({ version: z.number().int() })),
  periods: z
    .array(Counts.extend({ from: z.number() }))
    .describe('In order of time; those without feedback are left out.'),
})
export type FeedbackSummary = z.infer<typeof FeedbackSummary>

const Range = z.object({
  from: z.string().optional().describe('When it was said, ISO 8601, included.'),
  to: z.string().optional().describe('ISO 8601, not included.'),
})

const endpoint = z.object({ endpoint: z.string() })

export const feedbackRoutes = defineRoutes({
  feedbackOfPrediction: {
    method: 'GET',
    path: '/api/predictions/:id/feedback',
    permission: 'serving:read',
    summary: 'What people said of a prediction, newest first; also of one that has not come yet.',
    params: z.object({ id: z.string() }),
    reply: z.object({ feedback: z.array(Feedback) }),
  },
  listFeedback: {
    method: 'GET',
    path: '/api/endpoints/:endpoint/feedback',
    permission: 'serving:read',
    summary: 'What people said of an endpoint and its answers, in the order in which it came, newest first.',
    params: endpoint,
    query: PageQuery.extend({
      ...Range.shape,
      version: z.coerce.number().int().optional(),
      disagrees: z.enum(['yes', 'no']).optional(),
      tag: z.string().max(64).optional(),
    }),
    reply: z.object({ feedback: z.array(Feedback), next: z.string().nullable() }),
  },
  feedbackSummary: {
    method: 'GET',
    path: '/api/endpoints/:endpoint/feedback/summary',
    permission: 'serving:read',
    summary: 'Counts, mean rating and disagreement of what people said, as a whole, by version and over time.',
    params: endpoint,
    query: Range.extend({ by: z.enum(['hour', 'day']).default('day') }),
    reply: FeedbackSummary,
  },
})
