/** Orrery's registered models and their versions as MLflow tells of them. */
import { z } from 'zod'
import type { Model, ModelVersion, Stage } from '#registry/contract'
import { ParameterInvalid } from './dialect.ts'
import { pairs } from './entities.ts'
import { Int64, KeyValue, Required, unlessEmpty } from './messages.ts'

/** A repeated field of a GET: once is text, more often a list. */
export const Repeated = z.union([z.array(z.string()), z.string().transform((one) => [one])]).default([])

export const ModelRef = z.object({ name: Required })
/** Numbers of versions are text in MLflow's messages. */
export const VersionRef = ModelRef.extend({ version: Int64 })

export const VersionReply = z.object({
  name: z.string(),
  version: z.string(),
  creation_timestamp: z.number(),
  last_updated_timestamp: z.number(),
  user_id: z.string(),
  current_stage: z.string(),
  description: z.string().optional(),
  source: z.string(),
  run_id: z.string().optional(),
  run_link: z.string().optional(),
  model_id: z.string().optional(),
  status: z.literal('READY'),
  tags: z.array(KeyValue).optional(),
  aliases: z.array(z.string()).optional(),
})
export type VersionReply = z.input<typeof VersionReply>
export const OneVersion = z.object({ model_version: VersionReply })

export const RegisteredModelReply = z.object({
  name: z.string(),
  creation_timestamp: z.number(),
  last_updated_timestamp: z.number(),
  description: z.string().optional(),
  latest_versions: z.array(VersionReply).optional(),
  tags: z.array(KeyValue).optional(),
  aliases: z.array(z.object({ alias: z.string(), version: z.string() })).optional(),
})
export type RegisteredModelReply = z.input<typeof RegisteredModelReply>
export const OneRegisteredModel = z.object({ registered_model: RegisteredModelReply })

const STAGES = { none: 'None', staging: 'Staging', production: 'Production', archived: 'Archived' } as const

/** Upper and lower case are the same. @throws ParameterInvalid */
export function stageFrom(text: string): Stage {
  const stage = text.toLowerCase()
  if (Object.hasOwn(STAGES, stage)) return stage as Stage
  throw new ParameterInvalid(
    `Invalid Model Version stage: ${text.slice(0, 100)}. Value must be one of ${Object.values(STAGES).join(', ')}.`,
  )
}

export function versionReply(version: ModelVersion): VersionReply {
  return {
    name: version.model,
    version: String(version.version),
    creation_timestamp: version.createdAt,
    last_updated_timestamp: version.updatedAt,
    user_id: version.by,
    current_stage: STAGES[version.stage],
    ...(version.description !== '' && { description: version.description }),
    source: version.source,
    ...(version.run !== null && { run_id: version.run }),
    ...(version.runLink !== null && { run_link: version.runLink }),
    ...(version.loggedModel !== null && { model_id: version.loggedModel }),
    status: 'READY',
    ...unlessEmpty('tags', pairs(version.tags)),
    ...unlessEmpty('aliases', version.aliases),
  }
}

/** @param latest its newest version in each stage */
export function registeredModelReply(model: Model, latest: readonly ModelVersion[]): RegisteredModelReply {
  return {
    name: model.name,
    creation_timestamp: model.createdAt,
    last_updated_timestamp: model.updatedAt,
    ...(model.description !== '' && { description: model.description }),
    ...unlessEmpty('latest_versions', latest.map(versionReply)),
    ...unlessEmpty('tags', pairs(model.tags)),
    ...unlessEmpty(
      'aliases',
      Object.entries(model.aliases).map(([alias, version]) => ({ alias, version: String(version) })),
    ),
  }
}
