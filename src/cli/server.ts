import { accessRoutes } from '#access/contract'
import { batchRoutes } from '#batch/contract'
import { dataQualityRoutes, dataRoutes, dataSourceRoutes, pictureRoutes, preparationRoutes } from '#data/contract'
import { deploymentRoutes } from '#deployments/contract'
import { exportRoutes } from '#exports/contract'
import { featureRoutes } from '#features/contract'
import { governanceRoutes } from '#governance/contract'
import { loopRoutes } from '#loop/contract'
import { monitoringRoutes } from '#monitoring/contract'
import { packagingRoutes } from '#packaging/contract'
import { pipelineRoutes } from '#pipelines/contract'
import { createClient } from '#platform/http/contract'
import { projectRoutes } from '#projects/contract'
import { registryImportRoutes, registryRoutes } from '#registry/contract'
import { servingRoutes } from '#serving/contract'
import { importRoutes, trackingRoutes } from '#tracking/contract'

const ROUTES = {
  ...accessRoutes,
  ...projectRoutes,
  ...dataRoutes,
  ...dataQualityRoutes,
  ...preparationRoutes,
  ...pictureRoutes,
  ...dataSourceRoutes,
  ...featureRoutes,
  ...trackingRoutes,
  ...importRoutes,
  ...pipelineRoutes,
  ...registryRoutes,
  ...registryImportRoutes,
  ...packagingRoutes,
  ...exportRoutes,
  ...deploymentRoutes,
  ...servingRoutes,
  ...batchRoutes,
  ...monitoringRoutes,
  ...governanceRoutes,
  ...loopRoutes,
}

export const DEFAULT_SERVER = 'http://127.0.0.1:7979'

/** What every command that talks to a server takes. */
export interface ServerOptions {
  server?: string
  json?: boolean
}

/** The typed client of a running server. */
export function connect(baseUrl: string, token?: string) {
  return createClient(ROUTES, { baseUrl, token })
}

export type Server = ReturnType<typeof connect>

/** Which server a command talks to: `--server`, `ORRERY_SERVER`, or the default address. */
export function serverFrom(options: ServerOptions): { url: string; server: Server } {
  const url = (options.server ?? process.env.ORRERY_SERVER ?? DEFAULT_SERVER).replace(/\/$/, '')
  return { url, server: connect(url, process.env.ORRERY_TOKEN) }
}
