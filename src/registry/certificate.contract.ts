import { z } from 'zod'
import { ChampionComparison, Estimate, EvaluationReport } from '#evaluation/contract'
import { Cause } from '#pipelines/contract'
import { CodeVersion } from '#projects/contract'
import { Signature } from '#runtime/contract'
import { GateResult, Package } from './entities.contract.ts'

/** One check of a version in the environments before production. */
export const StagingCheck = z.object({ name: z.string(), passed: z.boolean(), explanation: z.string() })
export type StagingCheck = z.infer<typeof StagingCheck>

/** What was measured of a version under load, before anybody depended on it. */
export const LoadMeasurement = z.object({
  rate: z.number().describe('Requests a second that were asked for.'),
  answered: z.number(),
  failed: z.number(),
  seconds: z.number(),
  achieved: z.number().describe('Answers a second.'),
  latency: z
    .object({ p50: z.number(), p95: z.number(), p99: z.number() })
    .describe('Milliseconds, from when a request was due.'),
  memory: z.number().describe('Bytes that the process grew by, at most, from before the model was loaded.'),
})
export type LoadMeasurement = z.infer<typeof LoadMeasurement>

export const StagingReport = z.object({
  at: z.number(),
  passed: z.boolean(),
  checks: z.array(StagingCheck),
  load: LoadMeasurement.nullable(),
  championLoad: LoadMeasurement.nullable().describe('Of the champion under the same load, at the same time.'),
})
export type StagingReport = z.infer<typeof StagingReport>

/** What a signature covers: everything that speaks for or against a version, and nothing that may be changed later. */
export const Certificate = z.object({
  format: z.literal(1),
  model: z.string(),
  version: z.number().int(),
  project: z.string().nullable(),
  endpoint: z.string().nullable(),
  registered: z.object({ by: z.string(), at: z.number(), cause: Cause }),
  lineage: z.object({
    source: z.string(),
    run: z.string().nullable(),
    pipelineRun: z.string().nullable(),
    dataVersion: z.string().nullable(),
    trainedUntil: z.number().nullable(),
    code: CodeVersion.nullable(),
    environment: z.record(z.string(), z.string()),
  }),
  package: Package,
  signature: Signature,
  metrics: z.record(z.string(), Estimate),
  report: EvaluationReport.nullable(),
  comparison: ChampionComparison.extend({ version: z.number().int() }).nullable(),
  importance: z.array(z.object({ feature: z.string(), share: z.number() })),
  gates: z.array(GateResult),
  staging: StagingReport.nullable(),
  risks: z.array(z.string()).describe('What a reader should know before signing, worst first.'),
})
export type Certificate = z.infer<typeof Certificate>

export const VersionSignature = z.object({
  by: z.string(),
  role: z.string(),
  at: z.number(),
  note: z.string(),
  automatic: z.boolean(),
  report: z.string().describe('Hash of the report that was signed.'),
})
export type VersionSignature = z.infer<typeof VersionSignature>

export const CertificateReply = z.object({
  certificate: Certificate,
  hash: z.string().describe('SHA-256 of the report: what a signature covers.'),
  signatures: z.array(VersionSignature.extend({ covers: z.boolean().describe('It is of the report as it is now.') })),
  roles: z.array(z.string()).describe('Whose signatures are asked for, one each; none where nobody has to sign.'),
  missing: z.array(z.string()).describe('Those that are still missing.'),
})
export type CertificateReply = z.infer<typeof CertificateReply>
