import { z } from 'zod'
import { ChampionComparison, Estimate } from '#evaluation/contract'
import { Cause } from '#pipelines/contract'
import { CodeVersion } from '#projects/contract'
import { Signature } from '#runtime/contract'

export const GateResult = z.object({
  condition: z.string(),
  passed: z.boolean(),
  pending: z.boolean().optional().describe('It is about latency or memory, which staging measures.'),
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
  format: z
    .enum(['onnx', 'python', 'graph'])
    .describe('python: a model that nothing converts, with its environment. graph: versions that answer together.'),
  hash: z.string(),
  size: z.number(),
  parity: z.object({ maxAbsDifference: z.number(), maxScaledDifference: z.number(), rows: z.number() }),
})
export type Package = z.infer<typeof Package>

/**
 * `registered`: a client registered it, and no gate has seen it. `candidate`: packaged, gates passed. `rejected`: a gate or
 * a release check said no. `certified`: may reach production. `production`: serves or has served as champion.
 * `rolled_back`: was withdrawn on evidence.
 */
export const VersionState = z.enum(['registered', 'candidate', 'rejected', 'certified', 'production', 'rolled_back'])
export type VersionState = z.infer<typeof VersionState>

/** The label that MLflow's clients know; of a model that an endpoint serves, `production` follows the roll-outs. */
export const Stage = z.enum(['none', 'staging', 'production', 'archived'])
export type Stage = z.infer<typeof Stage>

const Tags = z.record(z.string(), z.string())

/**
 * A version, whoever made it: a pipeline of ours, or a client that registered a model it had logged. What only an evaluated
 * package has is null until there is one; what may be deployed is a `PackagedVersion`.
 */
export const ModelVersion = z.object({
  model: z.string(),
  version: z.number().int(),
  project: z.string().nullable().describe('Null for a model that belongs to no project.'),
  state: VersionState,
  stage: Stage,
  aliases: z.array(z.string()),
  description: z.string(),
  tags: Tags,
  by: z.string().describe('Who registered it; orrery for a pipeline.'),
  createdAt: z.number(),
  updatedAt: z.number(),
  source: z.string().describe('The address it was registered from: runs:/…, models:/…, or where its files lie.'),
  location: z.string().describe('Where its files lie: the source, with models that it names resolved.'),
  run: z.string().nullable().describe('The tracked run that made it.'),
  runLink: z.string().nullable().describe('A run of another server.'),
  loggedModel: z.string().nullable(),
  pipelineRun: z.string().nullable(),
  dataVersion: z.string().nullable(),
  code: CodeVersion.nullable(),
  environment: z.record(z.string(), z.string()).describe('Versions of the runtime and libraries that trained it.'),
  cause: Cause,
  signature: Signature.nullable(),
  package: Package.nullable(),
  metrics: z.record(z.string(), Estimate),
  comparison: ChampionComparison.extend({ version: z.number().int() })
    .nullable()
    .describe('Against the champion of that time, on rows that neither was trained on.'),
  importance: z.array(z.object({ feature: z.string(), share: z.number() })),
  endpoint: z.string().nullable().describe('The endpoint of its project that it is for.'),
  releaseRequests: z
    .string()
    .nullable()
    .describe('Hash of held-out requests with the answers expected, for release checks.'),
  promisedLoss: z
    .number()
    .nullable()
    .describe('Mean loss per row on held-back rows: what the decay monitor holds it to; null where there were none.'),
  gates: z.array(GateResult),
  certification: Certification.nullable(),
  trainedUntil: z.number().nullable().describe('Event time of the youngest training row, ms.'),
})
export type ModelVersion = z.infer<typeof ModelVersion>

type OfPackage = 'signature' | 'package' | 'releaseRequests'

/** A version that was packaged: all that checking, deploying and serving it takes. Judging it takes a project, too. */
export type PackagedVersion = Omit<ModelVersion, OfPackage> & { [Fact in OfPackage]: NonNullable<ModelVersion[Fact]> }

export const isPackaged = (version: ModelVersion): version is PackagedVersion & ModelVersion => version.package !== null

type OfEvaluation = 'project' | 'endpoint' | 'promisedLoss'

/** A packaged version that was judged on rows of its project: all that watching it takes. */
export type EvaluatedVersion = Omit<PackagedVersion, OfEvaluation> & {
  [Fact in OfEvaluation]: NonNullable<ModelVersion[Fact]>
}

export const isEvaluated = (version: ModelVersion): version is EvaluatedVersion & ModelVersion =>
  isPackaged(version) && version.project !== null && version.endpoint !== null && version.promisedLoss !== null

export const Model = z.object({
  name: z.string(),
  project: z.string().nullable().describe('Null for a model that a client made outside of any project.'),
  description: z.string(),
  tags: Tags,
  versions: z.number().int(),
  aliases: z.record(z.string(), z.number().int()).describe('champion, previous, candidate … to a version number.'),
  createdAt: z.number(),
  updatedAt: z.number(),
})
export type Model = z.infer<typeof Model>

/** A time during which one version was what a model meant in production. */
export const ServicePeriod = z.object({
  version: z.number().int(),
  as: z.enum(['champion', 'production']).describe('By the alias champion, or by the stage Production.'),
  since: z.number(),
  until: z.number().nullable().describe('Null while it lasts.'),
  by: z.string(),
  why: z.string(),
})
export type ServicePeriod = z.infer<typeof ServicePeriod>
