import type { Handlers } from '#platform/http'
import { checkArtifactPath } from './artifact-path.ts'
import type { importRoutes } from './imports.contract.ts'
import type { Imports } from './imports.ts'

export function importHandlers(imports: Imports): Handlers<typeof importRoutes> {
  return {
    importExperiments: async ({ body }) => ({
      experiments: await imports.importExperiments(body.source, body.experiments),
    }),
    importRuns: async ({ body }) => ({ runs: await imports.importRuns(body.source, body.runs) }),
    importPoints: async ({ body }) => {
      await imports.importPoints(body.histories)
      return {}
    },
    importModels: async ({ body }) => {
      await imports.importModels(body.source, body.models)
      return {}
    },
    importArtifact: ({ params, request }) =>
      imports.importArtifact(params.owner, checkArtifactPath(params['*']), request.raw),
    kept: ({ body: { source, ...ids } }) => imports.kept(source, ids),
    markImported: async ({ body }) => {
      await imports.markImported(body.source, body.kind, body.marks)
      return {}
    },
    finishImport: async ({ body, principal }) => {
      await imports.finishImport({ ...body, by: principal.name })
      return {}
    },
  }
}
