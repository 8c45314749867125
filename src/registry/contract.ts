import { z } from 'zod'
import { ChampionComparison, Estimate, EvaluationReport } from '#evaluation/contract'
import { Cause } from '#pipelines/contract'
import { defineRoutes, PageQuery } from '#platform/http/contract'
import { CodeVersion } from '#projects/contract'
import { Signature } from '#runtime/contract'

export { FeatureSpec, Signature } from '#runtime/contract'

export const GateResult = z.object({
  condition: z.string(),
  passed: z.boolean(),
  explanation: z.string().describe('The values behind the verdict, or why it did not apply.'),
})
export type GateResult = z.infer<typeof GateResult>

export const Certification = z.object({
  by: z.string(),
  at: z.number(),
  automatic: z.boolean().describe('Signed by a rule or a script, not by a person.'),
  note: z.string(),
})
export type Certification = z.infer<typeof Certification>

/** The immutable package: an ONNX file with its preprocessing inside. */
export const Package = z.object({
  format: z.literal('onnx'),
  hash: z.string(),
  size: z.number(),
  parity: z.object({ maxAbsDifference: z.number(), maxScaledDifference: z.number(), rows: z.number() }),
})
export type Package = z.infer<typeof Package>

/**
 * `candidate`: registered, gates passed. `rejected`: a gate or a release check said no. `certified`: may reach production.
 * `production`: serves or has served as champion. `rolled_back`: was withdrawn on evidence.
 */
export const VersionState = z.enum(['candidate', 'rejected', 'certified', 'production', 'rolled_back'])
export type VersionState = z.infer<typeof VersionState>

export const ModelVersion = z.object({
  model: z.string(),
  version: z.number().int(),
  project: z.string(),
  state: VersionState,
  createdAt: z.number(),
  pipelineRun: z.string(),
  run: z.string().describe('The tracked run of the winning candidate.'),
  dataVersion: z.string(),
  code: CodeVersion,
  environment: z.record(z.string(), z.string()).describe('Versions of the runtime and libraries that trained it.'),
  cause: Cause,
  signature: Signature,
  package: Package,
  metrics: z.record(z.string(), Estimate),
  comparison: ChampionComparison.extend({ version: z.number().int() })
    .nullable()
    .describe('Against the champion of that time, on rows that neither was trained on.'),
  importance: z.array(z.object({ feature: z.string(), share: z.number() })),
  endpoint: z.string().describe('The endpoint it was trained for.'),
  releaseRequests: z.string().describe('Hash of held-out requests with the answers expected, for release checks.'),
  promisedLoss: z.number().describe('Mean loss per row on held-back rows: what the decay monitor holds it to.'),
  gates: z.array(GateResult),
  certification: Certification.nullable(),
  trainedUntil: z.number().nullable().describe('Event time of the youngest training row, ms.'),
})
export type ModelVersion = z.infer<typeof ModelVersion>

export const Model = z.object({
  name: z.string(),
  project: z.string(),
  versions: z.number().int(),
  aliases: z.record(z.string(), z.number().int()).describe('champion, previous, candidate … to a version number.'),
  updatedAt: z.number(),
})
export type Model = z.infer<typeof Model>

const OneVersion = z.object({ model: z.string(), version: z.coerce.number().int().min(1) })

export const registryRoutes = defineRoutes({
  listModels: {
    method: 'GET',
    path: '/api/models',
    permission: 'registry:read',
    summary: 'Registered models.',
    query: z.object({ project: z.string().optional() }),
    reply: z.object({ models: z.array(Model) }),
  },
  getModel: {
    method: 'GET',
    path: '/api/models/:model',
    permission: 'registry:read',
    summary: 'One registered model with its aliases.',
    params: z.object({ model: z.string() }),
    reply: Model,
  },
  listVersions: {
    method: 'GET',
    path: '/api/models/:model/versions',
    permission: 'registry:read',
    summary: 'Versions of a model, newest first.',
    params: z.object({ model: z.string() }),
    query: PageQuery,
    reply: z.object({ versions: z.array(ModelVersion), next: z.string().nullable() }),
  },
  getVersion: {
    method: 'GET',
    path: '/api/models/:model/versions/:version',
    permission: 'registry:read',
    summary: 'One version with its evaluation report and release checks.',
    params: OneVersion,
    reply: ModelVersion.extend({ report: EvaluationReport }),
  },
  certifyVersion: {
    method: 'POST',
    path: '/api/models/:model/versions/:version/certify',
    permission: 'registry:certify',
    summary: 'Signs that a version may reach production. The identity needs the role that the environment names.',
    params: OneVersion,
    body: z.object({ note: z.string().max(2000).default(''), automatic: z.boolean().default(false) }),
    reply: ModelVersion,
  },
  rejectVersion: {
    method: 'POST',
    path: '/api/models/:model/versions/:version/reject',
    permission: 'registry:certify',
    summary: 'Says that a version must not reach production, and why.',
    params: OneVersion,
    body: z.object({ reason: z.string().min(1).max(2000) }),
    reply: ModelVersion,
  },
  downloadPackage: {
    method: 'GET',
    path: '/api/models/:model/versions/:version/package',
    permission: 'registry:read',
    summary: 'The ONNX file, its hash as ETag.',
    params: OneVersion,
    reply: z.unknown(),
    raw: true,
  },
})
