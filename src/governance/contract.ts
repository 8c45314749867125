import { z } from 'zod'
import { FeatureMove } from '#monitoring/contract'
import { Cause } from '#pipelines/contract'
import { CodeVersion } from '#projects/contract'
import { defineRoutes, PageQuery } from '#platform/http/contract'
import { Certification, GateResult, Package } from '#registry/contract'
import { LoggedPrediction } from '#serving/contract'

/** The whole past of one answer. */
export const Trace = z.object({
  prediction: LoggedPrediction,
  versions: z
    .array(
      z.object({
        model: z.string(),
        version: z.number().int(),
        weight: z.number().nullable().describe('Its part of this answer.'),
        package: Package,
        certification: Certification.nullable(),
        gates: z.array(GateResult),
        promotedAt: z.number().nullable(),
        rollout: z.string().nullable(),
        run: z
          .object({
            id: z.string(),
            name: z.string(),
            params: z.record(z.string(), z.string()),
            metrics: z.record(z.string(), z.number().nullable()),
            seconds: z.number().nullable(),
          })
          .nullable()
          .describe('Null for a model that was registered from elsewhere.'),
        pipelineRun: z
          .object({ id: z.string(), name: z.string() })
          .nullable()
          .describe('Null for a model that training code registered.'),
        environment: z.record(z.string(), z.string()),
        code: CodeVersion.nullable(),
        data: z
          .object({
            id: z.string(),
            dataset: z.string(),
            number: z.number().int(),
            rows: z.number(),
            contentHash: z.string(),
            until: z.number().nullable(),
            source: z.string(),
            tables: z
              .array(z.object({ id: z.string(), dataset: z.string(), number: z.number().int() }))
              .describe('The versions of other tables that it was made of: read by its recipe, or joined as features.'),
          })
          .nullable()
          .describe('Null where the training data was not a dataset of this server.'),
        cause: Cause,
        alert: z.object({ id: z.string(), title: z.string(), features: z.array(FeatureMove) }).nullable(),
      }),
    )
    .describe('The versions that made the answer, the heaviest first.'),
  picture: z
    .object({
      plain: z.string().describe('Address of the picture as the model saw it, a PNG.'),
      explained: z.string().describe('Address of the same with the parts that made the answer: an occlusion map.'),
    })
    .nullable()
    .describe('Of an answer about a picture that was kept.'),
  explanation: z
    .object({
      method: z.string(),
      contributions: z.array(z.object({ feature: z.string(), value: z.string(), contribution: z.number() })),
    })
    .nullable(),
})
export type Trace = z.infer<typeof Trace>

export const AuditEntry = z.object({
  id: z.number(),
  at: z.number(),
  who: z.string(),
  what: z.string().describe('The event, past tense: registry.version_certified.'),
  subject: z.string(),
  project: z.string().nullable(),
  data: z.record(z.string(), z.unknown()),
})
export type AuditEntry = z.infer<typeof AuditEntry>

export const governanceRoutes = defineRoutes({
  trace: {
    method: 'GET',
    path: '/api/trace/:prediction',
    permission: 'governance:read',
    summary: 'From one prediction id back to versions, runs, code, data, approvals and the alert that caused them.',
    params: z.object({ prediction: z.string() }),
    reply: Trace,
  },
  audit: {
    method: 'GET',
    path: '/api/audit',
    permission: 'governance:read',
    summary: 'What happened, newest first.',
    query: PageQuery.extend({ project: z.string().optional() }),
    reply: z.object({ entries: z.array(AuditEntry), next: z.string().nullable() }),
  },
})
