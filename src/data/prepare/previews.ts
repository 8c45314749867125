import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { HttpServer } from '#platform/http'
import { runInChild } from '#platform/process'
import { type Projects, readRecipe, writeRecipe } from '#projects'
import { DatasetUnknown, RecipeUnreadable } from '../errors.ts'
import { preparationRoutes, type RecipePreview } from './contract.ts'
import { identityOf, KeptSamples } from './kept-samples.ts'
import { KEPT } from './preview.ts'
import type { PreviewWork } from './preview-worker.ts'

/** A preview is for somebody who waits for it. */
const LIMITS = { timeoutMs: 60_000, memoryMb: 1_024, residentMb: 2_048 }

/** Tries recipes out, each in a process of its own; a newer one of the same data set ends the one before. */
export function mountPreviews(
  http: HttpServer,
  { projects, work }: { projects: Pick<Projects, 'project'>; work: string },
): void {
  const underWay = new Map<string, AbortController>()
  const samples = new KeptSamples()
  http.mount('data-preparation', preparationRoutes, {
    getRecipe: async ({ params }) => {
      const { spec } = await projects.project(params.project)
      const set = spec.data[params.dataset]
      if (!set) throw new DatasetUnknown(params.project, params.dataset)
      return { recipe: writeRecipe(set.prepare) }
    },
    previewRecipe: async ({ params, body }): Promise<RecipePreview> => {
      const { spec, folder: project } = await projects.project(params.project)
      const set = spec.data[params.dataset]
      if (!set) throw new DatasetUnknown(params.project, params.dataset)
      const read = readRecipe(body.recipe, spec, params.dataset)
      if ('problems' in read) throw new RecipeUnreadable(read.problems)
      const key = `${params.project} ${params.dataset}`
      underWay.get(key)?.abort(new Error('a newer recipe is tried out'))
      const ending = new AbortController()
      underWay.set(key, ending)
      const folder = await mkdtemp(join(work, 'preview-'))
      const tried = { ...set, prepare: read.steps }
      const identity = await identityOf(params.dataset, tried, spec.data, project)
      const made = samples.find(key, identity)
      const input: PreviewWork = {
        ...{ dataset: params.dataset, spec: tried, others: spec.data, project, folder },
        ...(made !== undefined && { made: join(made, KEPT) }),
      }
      try {
        const preview = await runInChild<RecipePreview>(new URL('./preview-worker.ts', import.meta.url), input, {
          what: 'Trying the recipe out',
          ...LIMITS,
          signal: ending.signal,
        })
        if (made === undefined) await samples.keep(key, identity, folder)
        return preview
      } finally {
        if (underWay.get(key) === ending) underWay.delete(key)
        if (!samples.has(folder)) await rm(folder, { recursive: true, force: true })
      }
    },
  })
}
