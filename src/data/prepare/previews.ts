import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { HttpServer } from '#platform/http'
import { type Projects, partsOfRecipe, readRecipe, type StoredProject, writeRecipe } from '#projects'
import type { SourceDescriptor } from '../contract.ts'
import { DatasetUnknown, PreviewReplaced, RecipeUnreadable } from '../errors.ts'
import type { DataSources } from '../sources/data-sources.ts'
import { preparationRoutes, type RecipePreview, type TriedRecipe } from './contract.ts'
import { recipeHash } from './fit.ts'
import { KeptRows, type RowsRead } from './kept-rows.ts'
import { KeptSamples } from './kept-samples.ts'
import { type EntitySample, KEPT } from './preview.ts'
import { previewInChild } from './preview-in-child.ts'
import type { PreviewWork } from './preview-worker.ts'
import { tablesRead } from './tables-read.ts'

/** Feature views over what their sources say now; the room of features opens them. */
export interface ViewsToJoin {
  /** What they are made of, as plain data: other rows, another value. */
  readonly uses: unknown
  readonly keys: readonly string[]
  /** Writes the rows of a Parquet file with their features, each as it was at its time, as another one. */
  join(frame: { parquet: string; time: string; target: string }, signal: AbortSignal): Promise<void>
}

export type OpenViewsToJoin = (
  project: StoredProject,
  views: readonly string[],
  signal: AbortSignal,
) => Promise<ViewsToJoin>

/** Tries recipes out, each in a process of its own; a newer one of the same data set ends the one before. */
export function mountPreviews(
  http: HttpServer,
  needs: {
    projects: Pick<Projects, 'project'>
    sources: Pick<DataSources, 'bring' | 'versions'>
    openViews: OpenViewsToJoin
    work: string
  },
): void {
  const { projects, openViews, work } = needs
  const underWay = new Map<string, AbortController>()
  const samples = new KeptSamples()
  const rows = new KeptRows(needs)

  const inChild = <T>(input: PreviewWork, signal: AbortSignal) => previewInChild<T>(input, { signal })

  async function joinViews(input: PreviewWork, { keys, join: joinTo }: ViewsToJoin, signal: AbortSignal) {
    const rows = await inChild<EntitySample>({ ...input, keys }, signal)
    const target = join(input.folder, 'joined.parquet')
    await joinTo({ parquet: rows.parquet, time: input.spec.time![0]!, target }, signal)
    return { ...rows, parquet: target, keys }
  }

  /** Tried on rows that were read; `key` tells data sets apart. */
  async function tryOut(
    input: Omit<PreviewWork, 'folder' | 'made'>,
    { key, views, signal }: { key: string; views: ViewsToJoin | null; signal: AbortSignal },
  ) {
    const folder = await mkdtemp(join(work, 'preview-'))
    const { prepare = [], ...spec } = input.spec
    const content = Object.entries(input.tables).map(([set, { contentHash }]) => [set, contentHash])
    const identity = recipeHash([partsOfRecipe(prepare).table, spec, content, views?.uses])
    const made = samples.find(key, identity)
    const given: PreviewWork = { ...input, folder, ...(made !== undefined && { made: join(made, KEPT) }) }
    try {
      const joined = views && made === undefined ? await joinViews(given, views, signal) : undefined
      const preview = await inChild<RecipePreview>({ ...given, joined }, signal)
      if (made === undefined) await samples.keep(key, identity, folder)
      return preview
    } finally {
      if (!samples.has(folder)) await rm(folder, { recursive: true, force: true })
    }
  }

  http.mount('data-preparation', preparationRoutes, {
    getRecipe: async ({ params }) => {
      const { spec } = await projects.project(params.project)
      const set = spec.data[params.dataset]
      if (!set) throw new DatasetUnknown(params.project, params.dataset)
      return { recipe: writeRecipe(set.prepare) }
    },
    previewRecipe: async ({ params: { project: name, dataset }, body }): Promise<TriedRecipe> => {
      const project = await projects.project(name)
      const { spec, folder } = project
      const set = spec.data[dataset]
      if (!set) throw new DatasetUnknown(name, dataset)
      const recipe = readRecipe(body.recipe, spec, dataset)
      if ('problems' in recipe) throw new RecipeUnreadable(recipe.problems)
      const key = `${name} ${dataset}`
      underWay.get(key)?.abort(new PreviewReplaced(dataset))
      const ending = new AbortController()
      underWay.set(key, ending)
      const others = tablesRead(dataset, partsOfRecipe(recipe.steps).table, spec.data)
      try {
        return await rows.lend(project, { dataset, others, again: body.again }, async (read) => {
          ending.signal.throwIfAborted()
          const tables = Object.fromEntries(read.map((one) => [one.dataset, one]))
          const tried = { ...set, prepare: recipe.steps }
          const input = { dataset, spec: tried, others: spec.data, tables, project: folder }
          const views = set.features?.length ? await openViews(project, set.features, ending.signal) : null
          return { ...(await tryOut(input, { key, views, signal: ending.signal })), read: read.map(told) }
        })
      } finally {
        if (underWay.get(key) === ending) underWay.delete(key)
      }
    },
  })
}

const told = ({ dataset, at, source }: RowsRead) => ({ dataset, at, what: inWords(source) })

function inWords(source: SourceDescriptor): string {
  if (source.kind === 'taken' && source.what !== undefined) return source.what
  if (source.kind === 'files' && source.files.length > 1) return `${source.files.length.toLocaleString('en-US')} files`
  return source.source
}
