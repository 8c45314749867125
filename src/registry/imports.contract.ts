import { z } from 'zod'
import { defineRoutes } from '#platform/http/contract'
import { Stage } from './entities.contract.ts'

const Texts = z.record(z.string(), z.string())
const Number32 = z.int().min(1).max(2_147_483_647)

export const ImportedVersion = z.object({
  version: Number32,
  description: z.string(),
  tags: Texts,
  stage: Stage,
  by: z.string(),
  createdAt: z.int(),
  updatedAt: z.int(),
  source: z.string().describe('As the other server has it.'),
  location: z.string().describe('Where its files are now.'),
  run: z.string().nullable(),
  runLink: z.string().nullable(),
  loggedModel: z.string().nullable(),
})
export type ImportedVersion = z.infer<typeof ImportedVersion>

export const ImportedModel = z.object({
  name: z.string().min(1),
  description: z.string(),
  tags: Texts,
  createdAt: z.int(),
  updatedAt: z.int(),
  versions: z.array(ImportedVersion).max(200).describe('Some of its versions, at the numbers they have.'),
  aliases: z.record(z.string(), Number32).describe('Of versions that are here or come with this request.'),
})
export type ImportedModel = z.infer<typeof ImportedModel>

/** What is here now of what came, for comparing. */
export const ImportedHere = z.object({
  name: z.string().describe('Another one where that was taken.'),
  isNew: z.boolean(),
  description: z.string(),
  tags: Texts,
  aliases: z.record(z.string(), z.number()),
  versions: z.array(ImportedVersion.extend({ isNew: z.boolean() })),
})
export type ImportedHere = z.infer<typeof ImportedHere>

export const registryImportRoutes = defineRoutes({
  importModel: {
    method: 'POST',
    path: '/api/imports/registry',
    permission: 'registry:import',
    summary: 'A registered model of another server, with versions at their numbers. Asked again, nothing comes twice.',
    body: ImportedModel,
    reply: ImportedHere,
  },
})
