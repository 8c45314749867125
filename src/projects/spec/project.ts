import { z } from 'zod'
import { Batches } from './batch.ts'
import { Condition, DEFAULT_GATES } from './conditions.ts'
import { Data } from './data.ts'
import { Deployments, Environments } from './deployment.ts'
import { FeatureViews } from './features.ts'
import { Monitor } from './monitor.ts'
import { branchesOfOneOf } from './one-of.ts'
import { PictureSets } from './pictures.ts'
import { Pipeline } from './pipeline.ts'
import { Name, text } from './scalars.ts'
import { Trigger } from './triggers.ts'
import { says } from './wording.ts'

/** Pages and routes of the whole server: a project of that name would hide behind them. */
const TAKEN: readonly string[] = ['api', 'compare', 'experiments', 'features', 'models', 'trace', 'traces', 'tracking']

const ProjectName = Name.refine((name) => !TAKEN.includes(name), {
  error: (issue) =>
    says(`${issue.input} is the name of a page`, `Call the project ${issue.input}-1, or what it is about.`),
})

/**
 * `orrery.yaml`. Decodes from what a person writes to plain numbers, and encodes back: `z.encode(ProjectFile, spec)`
 * is the file in full. Defaults that follow from other parts of the file are added by `completeSpec`.
 */
export const ProjectFile = z.strictObject({
  project: ProjectName.meta({ description: "the project's name" }),
  canvas: text('a path', 'Write the path of the canvas, such as canvas.md.').optional().meta({
    description: 'the page with the ten blocks of the canvas',
  }),
  data: Data.meta({ description: 'what is learned from, by name' }),
  pictures: PictureSets.default({}).meta({ description: 'folders of pictures, by name, and what is expected of them' }),
  features: FeatureViews.default({}).meta({
    description: 'feature views, by name: one definition for training and for serving',
  }),
  pipeline: Pipeline.default({}).meta({
    description: 'how data becomes a model; trains the built-in learners when absent',
  }),
  gates: z
    .array(Condition)
    .default(DEFAULT_GATES)
    .meta({ description: 'what every candidate must pass to be released' }),
  environments: Environments.prefault({
    staging: { checks: [{ requests: 200 }] },
    production: {},
  }).meta({ description: 'where versions are checked and served, in the order they pass through' }),
  deploy: Deployments.optional().meta({ description: 'what is served, by name' }),
  batch: Batches.default({}).meta({ description: 'what is scored ahead of time, by name' }),
  monitor: Monitor.prefault({}).meta({ description: 'what is watched after release' }),
  when: z.array(Trigger).optional().meta({ description: 'the arrows that close the loop; [] closes none' }),
})
export type ProjectFile = z.output<typeof ProjectFile>
/** A project file as it is written, before decoding. */
export type ProjectFileWritten = z.input<typeof ProjectFile>

/** The JSON Schema (draft 2020-12) of the project file, for completion in editors. */
export function projectFileJsonSchema(): z.core.JSONSchema.BaseSchema {
  return jsonSchemaOf(ProjectFile)
}

function jsonSchemaOf(schema: z.ZodType): z.core.JSONSchema.BaseSchema {
  return z.toJSONSchema(schema, {
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      const branches = branchesOfOneOf(zodSchema)
      if (branches) jsonSchema.anyOf = branches.map(withoutDialect)
    },
  })
}

function withoutDialect(schema: z.ZodType): z.core.JSONSchema.BaseSchema {
  const { $schema: _, ...rest } = jsonSchemaOf(schema)
  return rest
}
