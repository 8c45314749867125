import type { HttpServer } from '#platform/http'
import type { Projects } from '#projects'
import type { AppliedView } from './catalog-store.ts'
import { type FeatureViewInfo, featureRoutes } from './contract.ts'
import type { Features } from './features.ts'

export function mountFeatures(
  http: HttpServer,
  { features, projects }: { features: Features; projects: Projects },
): void {
  http.mount('features', featureRoutes, {
    listFeatureViews: async ({ params }) => {
      await projects.project(params.project)
      return { views: (await features.catalog.views(params.project)).map(infoOf) }
    },
    getFeatureView: async ({ params: { project, view } }) => {
      await projects.project(project)
      const [found] = await features.catalog.named(project, [view])
      return { ...infoOf(found!), versions: await features.catalog.versions(project, view) }
    },
    historicalFeatures: ({ body }) => features.historical.rows(body),
    joinFeatures: ({ body }) => features.startJoin(body),
    getFeaturesJob: ({ params }) => features.job(params.job),
  })
}

function infoOf({ definition, number, content, since }: AppliedView): FeatureViewInfo {
  const { from, entities, columns, ...said } = definition
  return { ...said, from: [...from], entities: [...entities], columns: [...columns], version: number, content, since }
}
