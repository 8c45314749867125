import { finished } from 'node:stream/promises'
import { type HttpServer, sendFile } from '#platform/http'
import type { Projects } from '#projects'
import type { ProjectSpec } from '#projects/contract'
import type { AppliedOnDemand, AppliedView } from './catalog-store.ts'
import { cellFrom, type FeatureViewInfo, featureRoutes } from './contract.ts'
import { searchFeatures } from './discovery.ts'
import type { Features } from './features.ts'
import { isPlainOnlineBody } from './plain-online-body.ts'

const PARQUET = 'application/vnd.apache.parquet'
const SHOWN_MATERIALIZATIONS = 20

export function mountFeatures(
  http: HttpServer,
  { features, projects }: { features: Features; projects: Projects },
): void {
  const storedInfo = async (view: AppliedView): Promise<FeatureViewInfo> => {
    const { definition, number, content, since } = view
    const { from, entities, columns, stream: _, ...said } = definition
    return {
      ...said,
      ...{ from: [...from], entities: [...entities], onDemand: null },
      columns: columns.map((column) => ({ ...column, expression: null })),
      ...{ version: number, content, since, state: await features.state(view), stream: await features.stream(view) },
    }
  }

  const infosOf = async (project: string): Promise<FeatureViewInfo[]> => {
    const { stored, onDemand } = await features.catalog.all(project)
    const infos = [
      ...(await Promise.all(stored.map(storedInfo))),
      ...onDemand.map((view) => onDemandInfo(view, stored)),
    ]
    return infos.sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  const infoOf = async (project: string, name: string): Promise<FeatureViewInfo> => {
    const { stored, onDemand, read } = await features.catalog.named(project, [name])
    return stored[0] ? storedInfo(stored[0]) : onDemandInfo(onDemand[0]!, read)
  }

  // Asked for with every request of somebody who predicts elsewhere.
  http.mountFast(featureRoutes.onlineFeatures, {
    isBody: isPlainOnlineBody,
    answer: async ({ body }) => JSON.stringify(await features.read(body)),
  })
  http.mount('features', featureRoutes, {
    searchFeatures: async ({ query: { q, limit } }) => {
      const found = searchFeatures(await features.catalog.all(), q)
      return { found: found.length, features: found.slice(0, limit) }
    },
    listFeatureViews: async ({ params }) => {
      await projects.project(params.project)
      return { views: await infosOf(params.project) }
    },
    getFeatureView: async ({ params: { project, view } }) => {
      const { spec } = await projects.project(project)
      const past = await features.materializations(project, view, SHOWN_MATERIALIZATIONS)
      return {
        ...(await infoOf(project, view)),
        usedBy: usesOf(spec, view),
        versions: await features.versions(project, view),
        materializations: past.map(({ id, startedAt, finishedAt, written, facts }) => {
          const { changed = 0, entities = 0 } = facts ?? {}
          return { id, startedAt, finishedAt, written, changed, entities }
        }),
      }
    },
    listRejectedMessages: ({ params: { project, view }, query: { limit } }) => features.rejected(project, view, limit),
    onlineFeatures: ({ body }) => features.read(body),
    getOnlineFeatures: ({ query: { project, views, ...keys } }) => {
      const entity = Object.fromEntries(Object.entries(keys).map(([key, value]) => [key, cellFrom(String(value))]))
      return features.read({ project, views: views?.split(','), entities: [entity], fullNames: false })
    },
    pushFeatures: ({ body }) => features.push(body),
    materializeFeatures: async ({ body }) => ({ jobs: await features.startMaterialize(body.project, body.views) }),
    historicalFeatures: ({ body }) => features.historical.rows(body),
    historicalTable: async ({ query: { project, views, time, fullNames }, request, reply }) => {
      const asked = { project, views: views?.split(','), time, fullNames: fullNames === 'true' }
      const gone = new AbortController()
      reply.raw.once('close', () => gone.abort(new Error('The client is gone.')))
      await features.historical.table(asked, request.raw, gone.signal, async ({ path, hash, views: used, lacking }) => {
        reply.header('orrery-views', encodeURIComponent(JSON.stringify(used)))
        reply.header('orrery-views-lacking', encodeURIComponent(JSON.stringify(lacking)))
        await sendFile(request, reply, { path, hash, type: PARQUET, name: 'features.parquet' })
        await finished(reply.raw).catch(() => {})
      })
      return reply
    },
    joinFeatures: ({ body }) => features.startJoin(body),
    getFeaturesJob: ({ params }) => features.job(params.job),
  })
}

function onDemandInfo(view: AppliedOnDemand, stored: readonly AppliedView[]): FeatureViewInfo {
  const { definition, number, content, since } = view
  const { name, sources, columns, description, owner } = definition
  const views = sources.views.map((source) => source.name)
  const behind = stored.filter((one) => views.includes(one.definition.name))
  return {
    ...{ name, description, owner, version: number, content, since, online: true, state: null },
    from: [...new Set(behind.flatMap((one) => one.definition.from))],
    entities: [...new Set(behind.flatMap((one) => one.definition.entities))],
    columns: columns.map((column) => ({ ...column })),
    onDemand: { views, request: Object.fromEntries(sources.request.map((one) => [one.name, one.type])) },
    ...{ stream: null, sql: null, time: null, created: null, ttl: null, every: null },
  }
}

/** Where a project's file joins the view, and what is served of that. */
function usesOf({ data, deploy, pipeline }: ProjectSpec, view: string): { dataset: string; endpoints: string[] }[] {
  return Object.entries(data)
    .filter(([, { features }]) => features?.includes(view))
    .map(([dataset]) => ({ dataset, endpoints: dataset === pipeline.train.with.data ? Object.keys(deploy) : [] }))
}
