import { sampleSize } from '#evaluation'
import { type HttpServer, nextCursor, offsetOf } from '#platform/http'
import { deploymentRoutes } from './contract.ts'
import type { Deployments } from './deployments.ts'

export function mountDeployments(http: HttpServer, deployments: Deployments): void {
  http.mount('deployments', deploymentRoutes, {
    listEndpoints: async ({ query }) => ({
      endpoints: await deployments.endpoints(query.project ? { project: query.project } : {}),
    }),
    getEndpoint: ({ params }) => deployments.endpoint(params.endpoint),
    listRollouts: async ({ params, query }) => {
      await deployments.endpoint(params.endpoint)
      const offset = offsetOf(query.cursor)
      const rollouts = await deployments.rollouts({ endpoint: params.endpoint }, { limit: query.limit, offset })
      return { rollouts, next: nextCursor(offset, rollouts.length, query.limit) }
    },
    listLooks: ({ params }) => deployments.looks(params.rollout),
    steerRollout: ({ params, body, principal }) => deployments.steer(params.endpoint, principal.name, body),
    experimentSize: async ({ query }) =>
      sampleSize({
        variance: query.base_rate * (1 - query.base_rate),
        minEffect: query.min_effect,
        ...{ alpha: query.alpha, power: query.power, share: query.share },
      }),
    deployVersion: ({ params, body, principal }) =>
      deployments.deploy({ endpoint: params.endpoint, ...body }, principal.name),
    rollBack: ({ params, body, principal }) => deployments.rollBack(params.endpoint, principal.name, body.reason),
  })
}
