import { finished } from 'node:stream/promises'
import { type HttpServer, sendFile } from '#platform/http'
import type { Projects } from '#projects'
import type { ProjectSpec } from '#projects/contract'
import type { AppliedView } from './catalog-store.ts'
import { type FeatureViewInfo, featureRoutes } from './contract.ts'
import { searchFeatures } from './discovery.ts'
import type { Features } from './features.ts'

const PARQUET = 'application/vnd.apache.parquet'
const SHOWN_MATERIALIZATIONS = 20

export function mountFeatures(
  http: HttpServer,
  { features, projects }: { features: Features; projects: Projects },
): void {
  const infoOf = async (view: AppliedView): Promise<FeatureViewInfo> => {
    const { definition, number, content, since } = view
    const { from, entities, columns, ...said } = definition
    const lists = { from: [...from], entities: [...entities], columns: [...columns] }
    return { ...said, ...lists, version: number, content, since, state: await features.state(view) }
  }

  http.mount('features', featureRoutes, {
    searchFeatures: async ({ query: { q, limit } }) => {
      const found = searchFeatures(await features.catalog.views(), q)
      return { found: found.length, features: found.slice(0, limit) }
    },
    listFeatureViews: async ({ params }) => {
      await projects.project(params.project)
      return { views: await Promise.all((await features.catalog.views(params.project)).map(infoOf)) }
    },
    getFeatureView: async ({ params: { project, view } }) => {
      const { spec } = await projects.project(project)
      const [found] = await features.catalog.named(project, [view])
      const past = await features.materializations(project, view, SHOWN_MATERIALIZATIONS)
      return {
        ...(await infoOf(found!)),
        usedBy: usesOf(spec, view),
        versions: await features.catalog.versions(project, view),
        materializations: past.map(({ id, startedAt, finishedAt, written, facts }) => {
          const { changed = 0, entities = 0 } = facts ?? {}
          return { id, startedAt, finishedAt, written, changed, entities }
        }),
      }
    },
    onlineFeatures: ({ body }) => features.read(body),
    getOnlineFeatures: ({ query: { project, views, ...keys } }) => {
      const entity = keys as Record<string, string>
      return features.read({ project, views: views?.split(','), entities: [entity], fullNames: false })
    },
    pushFeatures: ({ body }) => features.push(body),
    materializeFeatures: async ({ body }) => ({ jobs: await features.startMaterialize(body.project, body.views) }),
    historicalFeatures: ({ body }) => features.historical.rows(body),
    historicalTable: async ({ query: { project, views, time, fullNames }, request, reply }) => {
      const asked = { project, views: views?.split(','), time, fullNames: fullNames === 'true' }
      const gone = new AbortController()
      reply.raw.once('close', () => gone.abort(new Error('The client is gone.')))
      await features.historical.table(asked, request.raw, gone.signal, async ({ path, hash, views: used }) => {
        reply.header('orrery-views', encodeURIComponent(JSON.stringify(used)))
        await sendFile(request, reply, { path, hash, type: PARQUET, name: 'features.parquet' })
        await finished(reply.raw).catch(() => {})
      })
      return reply
    },
    joinFeatures: ({ body }) => features.startJoin(body),
    getFeaturesJob: ({ params }) => features.job(params.job),
  })
}

/** Where a project's file joins the view, and what is served of that. */
function usesOf({ data, deploy, pipeline }: ProjectSpec, view: string): { dataset: string; endpoints: string[] }[] {
  return Object.entries(data)
    .filter(([, { features }]) => features?.includes(view))
    .map(([dataset]) => ({ dataset, endpoints: dataset === pipeline.train.with.data ? Object.keys(deploy) : [] }))
}
