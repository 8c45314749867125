import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { HttpServer } from '#platform/http'
import { runInChild } from '#platform/process'
import { type Projects, readRecipe, writeRecipe } from '#projects'
import { DatasetUnknown, RecipeUnreadable } from '../errors.ts'
import { preparationRoutes, type RecipePreview } from './contract.ts'
import type { PreviewWork } from './preview-worker.ts'

/** A preview is for somebody who waits for it. */
const LIMITS = { timeoutMs: 60_000, memoryMb: 1_024, residentMb: 2_048 }

/** Tries recipes out, each in a process of its own; a newer one of the same data set ends the one before. */
export function mountPreviews(
  http: HttpServer,
  { projects, work }: { projects: Pick<Projects, 'project'>; work: string },
): void {
  const underWay = new Map<string, AbortController>()
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
      const others = spec.data
      const input: PreviewWork = {
        dataset: params.dataset,
        spec: { ...set, prepare: read.steps },
        others,
        project,
        folder,
      }
      try {
        return await runInChild<RecipePreview>(new URL('./preview-worker.ts', import.meta.url), input, {
          what: 'Trying the recipe out',
          ...LIMITS,
          signal: ending.signal,
        })
      } finally {
        if (underWay.get(key) === ending) underWay.delete(key)
        await rm(folder, { recursive: true, force: true })
      }
    },
  })
}
