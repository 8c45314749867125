import type { HttpServer } from '#platform/http'
import { dataQualityRoutes } from './contract.ts'
import type { DataReports } from './reports.ts'

export function mountDataReports(http: HttpServer, reports: DataReports): void {
  http.mount('data-quality', dataQualityRoutes, {
    listChecks: async ({ params, query }) => ({
      versions: await reports.checks(params.project, params.dataset, query.limit),
    }),
    getExpectations: ({ params }) => reports.expectations.written(params.project, params.dataset),
    suggestExpectations: ({ params }) => reports.expectations.suggested(params.version),
    tryExpectations: async ({ params, body }) => ({
      results: await reports.expectations.tried(params.version, body.yaml),
    }),
    getScorecard: ({ params }) => reports.scorecard(params.version),
    diffDataVersions: ({ params, query }) =>
      reports.diff(
        params.version,
        query.against,
        query.key?.split(',').filter((column) => column !== ''),
      ),
    listQuarantined: ({ params, query }) => reports.quarantined(params.version, query),
  })
}
