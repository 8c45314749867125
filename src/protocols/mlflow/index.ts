import type { HttpServer } from '#platform/http'
import type { Storage } from '#platform/storage'
import type { Clock } from '#platform/time'
import type { Registry } from '#registry'
import type { Tracing } from '#tracing'
import type { Tracking } from '#tracking'
import { assessmentHandlers, assessmentRoutes } from './assessments.ts'
import type { Webhooks } from '#webhooks'
import { artifactHandlers, artifactRoutes } from './artifacts.ts'
import { directTransferHandlers, directTransferRoutes } from './direct-transfers.ts'
import { EndpointUnknown, mlflowDialect } from './dialect.ts'
import { experimentHandlers, experimentRoutes } from './experiments.ts'
import { loggedModelHandlers, loggedModelRoutes } from './logged-models.ts'
import { historyHandlers, historyRoutes } from './histories.ts'
import { loggingHandlers, loggingRoutes } from './logging.ts'
import { modelVersionHandlers, modelVersionRoutes } from './model-versions.ts'
import { registeredModelHandlers, registeredModelRoutes } from './registered-models.ts'
import { runHandlers, runRoutes } from './runs.ts'
import { searchHandlers, searchRoutes } from './search-runs.ts'
import { serverInfoHandlers, serverInfoRoutes } from './server-info.ts'
import { webhookHandlers, webhookRoutes } from './webhooks.ts'
import { traceArtifactHandlers, traceArtifactRoutes } from './trace-artifacts.ts'
import { traceChangeHandlers, traceChangeRoutes } from './trace-changes.ts'
import { traceV2Handlers, traceV2Routes } from './traces-v2.ts'
import { traceHandlers, traceRoutes } from './traces.ts'

export { runFilterReader } from './search-runs.ts'

const ROOTS = ['/api/2.0/mlflow', '/api/2.0/mlflow-artifacts', '/api/3.0/mlflow']

/** The pages of MLflow, and what was written after them, ask under another address. */
export const MLFLOW_ALIASES = [
  ['/ajax-api/2.0/', '/api/2.0/'],
  ['/ajax-api/3.0/', '/api/3.0/'],
] as const

/** The REST interface of an MLflow tracking server, over Orrery's own runs. */
export function mountMlflow(
  http: HttpServer,
  needs: {
    tracking: Tracking
    tracing: Tracing
    registry: Registry
    webhooks: Webhooks
    storage: Storage
    clock: Clock
  },
): void {
  http.mount('mlflow', experimentRoutes, experimentHandlers(needs), mlflowDialect)
  http.mount('mlflow', runRoutes, runHandlers(needs), mlflowDialect)
  http.mount('mlflow', loggingRoutes, loggingHandlers(needs), mlflowDialect)
  http.mount('mlflow', historyRoutes, historyHandlers(needs), mlflowDialect)
  http.mount('mlflow', searchRoutes, searchHandlers(needs), mlflowDialect)
  http.mount('mlflow', artifactRoutes, artifactHandlers(needs), mlflowDialect)
  http.mount('mlflow', directTransferRoutes, directTransferHandlers, mlflowDialect)
  http.mount('mlflow', loggedModelRoutes, loggedModelHandlers(needs), mlflowDialect)
  http.mount('mlflow', traceRoutes, traceHandlers(needs), mlflowDialect)
  http.mount('mlflow', traceV2Routes, traceV2Handlers(needs), mlflowDialect)
  http.mount('mlflow', traceChangeRoutes, traceChangeHandlers(needs), mlflowDialect)
  http.mount('mlflow', traceArtifactRoutes, traceArtifactHandlers(needs), mlflowDialect)
  http.mount('mlflow', assessmentRoutes, assessmentHandlers(needs), mlflowDialect)
  http.mount('mlflow', registeredModelRoutes, registeredModelHandlers(needs), mlflowDialect)
  http.mount('mlflow', modelVersionRoutes, modelVersionHandlers(needs), mlflowDialect)
  http.mount('mlflow', webhookRoutes, webhookHandlers(needs), mlflowDialect)
  http.mount('mlflow', serverInfoRoutes, serverInfoHandlers, mlflowDialect)
  for (const prefix of ROOTS) {
    http.fastify.register(
      async (scope) => {
        // Clients fall back to an older interface on this code, and on nothing else.
        scope.setNotFoundHandler((request, reply) => {
          const { status, body } = mlflowDialect.renderError(new EndpointUnknown(request.method, request.url))
          return reply.status(status).send(body)
        })
        // The pages answer every other GET.
        scope.get('/*', { schema: { hide: true } }, async (_, reply) => reply.callNotFound())
      },
      { prefix },
    )
  }
}
