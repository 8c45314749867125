import type { HttpServer } from '#platform/http'
import type { Storage } from '#platform/storage'
import type { Tracking } from '#tracking'
import { artifactHandlers, artifactRoutes } from './artifacts.ts'
import { EndpointUnknown, mlflowDialect } from './dialect.ts'
import { experimentHandlers, experimentRoutes } from './experiments.ts'
import { loggedModelHandlers, loggedModelRoutes } from './logged-models.ts'
import { loggingHandlers, loggingRoutes } from './logging.ts'
import { runHandlers, runRoutes } from './runs.ts'
import { searchHandlers, searchRoutes } from './search-runs.ts'
import { serverInfoHandlers, serverInfoRoutes } from './server-info.ts'

const ROOTS = ['/api/2.0/mlflow', '/api/2.0/mlflow-artifacts', '/api/3.0/mlflow']

/** The REST interface of an MLflow tracking server, over Orrery's own runs. */
export function mountMlflow(http: HttpServer, needs: { tracking: Tracking; storage: Storage }): void {
  http.mount('mlflow', experimentRoutes, experimentHandlers(needs), mlflowDialect)
  http.mount('mlflow', runRoutes, runHandlers(needs), mlflowDialect)
  http.mount('mlflow', loggingRoutes, loggingHandlers(needs), mlflowDialect)
  http.mount('mlflow', searchRoutes, searchHandlers(needs), mlflowDialect)
  http.mount('mlflow', artifactRoutes, artifactHandlers(needs), mlflowDialect)
  http.mount('mlflow', loggedModelRoutes, loggedModelHandlers(needs), mlflowDialect)
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
