import type { HttpServer } from '#platform/http'
import type { Storage } from '#platform/storage'
import { type Projects, trainedDeployments } from '#projects'
import { pipelineRoutes } from './contract.ts'
import { NothingIsTrained } from './errors.ts'
import type { Pipelines } from './pipelines.ts'

export function mountPipelines(
  http: HttpServer,
  { pipelines, projects, storage }: { pipelines: Pipelines; projects: Projects; storage: Storage },
): void {
  http.mount('pipelines', pipelineRoutes, {
    startPipeline: async ({ params, body, principal }) => {
      const { spec } = await projects.project(params.project)
      const [endpoint] = trainedDeployments(spec.deploy)
      if (endpoint === undefined) throw new NothingIsTrained(params.project)
      const cause = { kind: 'person' as const, by: principal.name, reason: body.reason }
      return storage.write((tx) => pipelines.start(tx, { project: params.project, endpoint, cause }))
    },
    listPipelineRuns: async ({ params, query }) => {
      await projects.project(params.project)
      return { runs: await pipelines.runs(params.project, query.limit), next: null }
    },
    getPipelineRun: ({ params }) => pipelines.run(params.run),
    getPreparation: async ({ params }) => {
      await pipelines.run(params.run)
      return { preparation: await pipelines.preparation(params.run) }
    },
    cancelPipelineRun: async ({ params }) => ({ cancelled: await pipelines.cancel(params.run) }),
  })
}
