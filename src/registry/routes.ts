import { type HttpServer, nextCursor, offsetOf } from '#platform/http'
import { registryImportRoutes, registryRoutes } from './contract.ts'
import { timeRangeOf } from './point-in-time.ts'
import type { Registry } from './registry.ts'

/** @param certifyingRoles whose signatures a version takes, by its project and endpoint where it has them */
export function mountRegistry(
  http: HttpServer,
  registry: Registry,
  certifyingRoles: (project: string | null, endpoint: string | null) => Promise<string[]>,
): void {
  const rolesFor = async ({ model, version }: { model: string; version: number }) => {
    const { project, endpoint } = await registry.packaged(model, version)
    return certifyingRoles(project, endpoint)
  }
  http.mount('registry', registryImportRoutes, { importModel: ({ body }) => registry.importModel(body) })
  http.mount('registry', registryRoutes, {
    listModels: async ({ query }) => ({
      models: await registry.models(query.project ? { project: query.project } : {}),
    }),
    getModel: ({ params }) => registry.model(params.model),
    listVersions: async ({ params, query }) => {
      await registry.model(params.model)
      const offset = offsetOf(query.cursor)
      const versions = await registry.versions(params.model, { limit: query.limit, offset })
      return { versions, next: nextCursor(offset, versions.length, query.limit) }
    },
    getVersion: async ({ params }) => ({
      ...(await registry.version(params.model, params.version)),
      report: await registry.report(params.model, params.version),
    }),
    certifyVersion: async ({ params, body, principal }) => {
      const roles = await rolesFor(params)
      return registry.certify(params.model, params.version, { by: principal, roles, ...body })
    },
    rejectVersion: async ({ params, body, principal }) =>
      registry.reject(params.model, params.version, principal, body.reason, await rolesFor(params)),
    getCertificate: async ({ params }) => registry.certificate(params.model, params.version, await rolesFor(params)),
    downloadPackage: async ({ params, reply }) => {
      const { package: onnx } = await registry.packaged(params.model, params.version)
      const bytes = await registry.packageBytes(params.model, params.version)
      return reply
        .header('content-type', 'application/octet-stream')
        .header('content-disposition', `attachment; filename="${params.model}-v${params.version}.onnx"`)
        .header('etag', `"${onnx.hash}"`)
        .send(bytes)
    },
    updateModel: ({ params, body, principal }) => registry.describeModel(params.model, body, principal.name),
    updateVersion: ({ params, body, principal }) =>
      registry.describeVersion(params.model, params.version, body, principal.name),
    deleteVersion: async ({ params, principal }) => {
      await registry.deleteVersion(params.model, params.version, principal.name)
      return {}
    },
    setAlias: ({ params, body, principal }) =>
      registry.setAlias(params.model, params.alias, body.version, principal.name),
    deleteAlias: ({ params, principal }) => registry.deleteAlias(params.model, params.alias, principal.name),
    productionHistory: async ({ params, query }) => {
      const offset = offsetOf(query.cursor)
      const during = query.at === undefined ? undefined : timeRangeOf(query.at)
      const periods = await registry.productionHistory(params.model, { limit: query.limit, offset }, during)
      return { periods, next: nextCursor(offset, periods.length, query.limit) }
    },
  })
}
