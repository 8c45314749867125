/** The server as the pages see it: one typed client per room, and queries that are kept under the room's name. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { accessRoutes } from '#access/contract'
import { batchRoutes } from '#batch/contract'
import { dataQualityRoutes, dataRoutes, dataSourceRoutes, pictureRoutes, preparationRoutes } from '#data/contract'
import { deploymentRoutes } from '#deployments/contract'
import { featureRoutes } from '#features/contract'
import { governanceRoutes } from '#governance/contract'
import { loopRoutes } from '#loop/contract'
import { monitoringRoutes } from '#monitoring/contract'
import { packagingRoutes } from '#packaging/contract'
import { pipelineRoutes } from '#pipelines/contract'
import { ClientError, createClient } from '#platform/http/contract'
import { projectRoutes } from '#projects/contract'
import { registryRoutes } from '#registry/contract'
import { servingRoutes } from '#serving/contract'
import { tracingRoutes } from '#tracing/contract'
import { experimentRoutes, trackingRoutes } from '#tracking/contract'
import { fetchWithToken } from './token.ts'

const options = { baseUrl: '', fetch: fetchWithToken }

export const server = {
  access: createClient(accessRoutes, options),
  projects: createClient(projectRoutes, options),
  data: createClient(
    { ...dataRoutes, ...dataQualityRoutes, ...dataSourceRoutes, ...pictureRoutes, ...preparationRoutes },
    options,
  ),
  features: createClient(featureRoutes, options),
  tracking: createClient({ ...trackingRoutes, ...experimentRoutes }, options),
  tracing: createClient(tracingRoutes, options),
  pipelines: createClient(pipelineRoutes, options),
  registry: createClient(registryRoutes, options),
  packaging: createClient(packagingRoutes, options),
  deployments: createClient(deploymentRoutes, options),
  serving: createClient(servingRoutes, options),
  batch: createClient(batchRoutes, options),
  monitoring: createClient(monitoringRoutes, options),
  governance: createClient(governanceRoutes, options),
  loop: createClient(loopRoutes, options),
}

type Server = typeof server
export type Room = keyof Server

type RouteOf<R extends Room, N extends keyof Server[R]> = Server[R][N] extends (
  ...call: infer Call
) => Promise<infer Reply>
  ? { call: Call; reply: Reply }
  : never

/**
 * A query for `useQuery`: `ask('registry', 'getModel', { params: { model } })`. Its key starts with the room, so that an
 * event of that room can make it stale (see `live.ts`).
 */
export function ask<R extends Room, N extends keyof Server[R] & string>(
  room: R,
  name: N,
  ...call: RouteOf<R, N>['call']
) {
  const route = server[room][name] as (...call: RouteOf<R, N>['call']) => Promise<RouteOf<R, N>['reply']>
  return queryOptions({ queryKey: [room, name, ...call], queryFn: () => route(...call) })
}

/** Trying again helps when the server was not there, not when it said no. */
export function worthRetrying(failures: number, error: unknown): boolean {
  return failures < 2 && !(error instanceof ClientError && error.status >= 400 && error.status < 500)
}

/** The pages of a list for `useInfiniteQuery`: each asked for with the cursor of the one before. */
export function pagesOf<R extends Room, N extends keyof Server[R] & string>(
  room: R,
  name: N,
  call: RouteOf<R, N>['call'][0] & { query?: Record<string, unknown> },
) {
  type Page = RouteOf<R, N>['reply'] & { next: string | null }
  const route = server[room][name] as (call: unknown) => Promise<Page>
  return infiniteQueryOptions({
    queryKey: [room, name, 'pages', call],
    queryFn: ({ pageParam }) =>
      route(pageParam === null ? call : { ...call, query: { ...call.query, cursor: pageParam } }),
    initialPageParam: null as string | null,
    getNextPageParam: (page: Page) => page.next,
  })
}
