import { z } from 'zod'
import { defineRoutes, PageQuery } from '#platform/http/contract'

/** How one feature moved against the baseline of the champion’s training data. */
export const FeatureMove = z.object({
  feature: z.string(),
  psi: z.number(),
  noise: z.number().describe('PSI that samples of these sizes show without any drift.'),
  change: z.string().describe('In words: "came alive", "mean 0.42 → 0.61", "3 new categories".'),
  cost: z.number().nullable().describe('Estimated rise of the loss per row through this move alone.'),
})
export type FeatureMove = z.infer<typeof FeatureMove>

/** The monitors at the end of one period of event time. */
export const MonitorPoint = z.object({
  endpoint: z.string(),
  through: z.number().describe('End of the period, event time in ms.'),
  champion: z.number().int(),
  predictions: z.number().int().describe('Logged in this period.'),
  labelled: z.number().int().describe('Labels that newly came in.'),
  metric: z.string(),
  window: z
    .object({
      value: z.number(),
      lower95: z.number(),
      upper95: z.number(),
      reference: z.number().nullable().describe('The first version left alone, on the same rows.'),
      n: z.number().int(),
      through: z.number().describe('Rows before this event time should have their labels by the end of the period.'),
    })
    .nullable()
    .describe('Measured quality over the quality window; null until labels are in.'),
  estimated: z.number().nullable().describe('The same metric estimated without labels.'),
  loss: z.object({ realised: z.number(), promised: z.number() }).nullable(),
  decay: z
    .object({ statistic: z.number(), threshold: z.number() })
    .nullable()
    .describe('Above the threshold it is an alarm once there are enough labels to rule out chance.'),
  drift: z
    .object({
      score: z.number().describe('PSI of the feature that moved most.'),
      features: z.array(FeatureMove).describe('The 20 that moved most, the first most of all.'),
    })
    .nullable(),
  fairness: z.record(z.string(), z.number()).describe('Disparate impact by sensitive column.'),
  weights: z.record(z.string(), z.number()).describe('Part of the answer by version.'),
})
export type MonitorPoint = z.infer<typeof MonitorPoint>

/** One alert per cause: what moved, what it costs, what happened because of it. */
export const Alert = z.object({
  id: z.string(),
  endpoint: z.string(),
  project: z.string(),
  kinds: z.array(z.enum(['drift', 'quality', 'decay', 'fairness', 'age'])),
  title: z.string(),
  explanation: z.string(),
  champion: z.number().int(),
  eventTime: z.number(),
  openedAt: z.number(),
  closedAt: z.number().nullable(),
  closedBecause: z.string().nullable(),
  features: z.array(FeatureMove),
  cost: z.object({
    estimated: z.number().nullable(),
    measured: z.number().nullable(),
    metric: z.string(),
  }),
  action: z.string().nullable().describe('What it set off: the pipeline run, the version, the decision.'),
  pipelineRun: z.string().nullable(),
})
export type Alert = z.infer<typeof Alert>

export const monitoringRoutes = defineRoutes({
  monitorSeries: {
    method: 'GET',
    path: '/api/endpoints/:endpoint/monitor',
    permission: 'monitoring:read',
    summary: 'The monitors over event time, oldest first, thinned to at most `points`.',
    params: z.object({ endpoint: z.string() }),
    query: z.object({
      from: z.coerce.number().optional(),
      to: z.coerce.number().optional(),
      points: z.coerce.number().int().min(2).max(2000).default(400),
    }),
    reply: z.object({ points: z.array(MonitorPoint) }),
  },
  listAlerts: {
    method: 'GET',
    path: '/api/alerts',
    permission: 'monitoring:read',
    summary: 'Alerts, newest first.',
    query: PageQuery.extend({
      project: z.string().optional(),
      endpoint: z.string().optional(),
      open: z.enum(['yes', 'no']).optional(),
    }),
    reply: z.object({ alerts: z.array(Alert), next: z.string().nullable() }),
  },
  getAlert: {
    method: 'GET',
    path: '/api/alerts/:alert',
    permission: 'monitoring:read',
    summary: 'One alert.',
    params: z.object({ alert: z.string() }),
    reply: Alert,
  },
})
