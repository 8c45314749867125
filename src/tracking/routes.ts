import { createReadStream } from 'node:fs'
import type { HttpServer } from '#platform/http'
import { nextCursor, offsetOf } from '#platform/http'
import { checkArtifactPath } from './artifact-path.ts'
import { experimentRoutes, importRoutes, trackingRoutes } from './contract.ts'
import { experimentHandlers } from './experiment-routes.ts'
import { importHandlers } from './import-routes.ts'
import type { Order, Subject } from './store/conditions.ts'
import type { RunFilter } from './store/search.ts'
import { thinned } from './thinning.ts'
import type { Tracking } from './tracking.ts'

/** What a filter that people write asks for. Its grammar is that of a protocol. */
export type ReadFilter = (
  filter: string,
  experiments: readonly string[],
) => Promise<Pick<RunFilter, 'where' | 'tagged'>>

export function mountTracking(http: HttpServer, tracking: Tracking, readFilter: ReadFilter): void {
  http.mount('tracking', importRoutes, importHandlers(tracking))
  http.mount('tracking', experimentRoutes, experimentHandlers(tracking))
  http.mount('tracking', trackingRoutes, {
    listRuns: async ({ query: { orderBy, direction, cursor, filter, experimentId, ...asked } }) => {
      const offset = offsetOf(cursor)
      const experiments = experimentId === undefined ? undefined : [experimentId]
      const runs = await tracking.runLines({
        ...asked,
        ...(filter && (await readFilter(filter, experiments ?? []))),
        ...{ experiments, offset },
        orderBy: [{ ...subjectFrom(orderBy), direction } as Order],
      })
      return { runs, next: nextCursor(offset, runs.length, asked.limit) }
    },
    getRun: async ({ params }) => ({
      ...(await tracking.runLine(params.run)),
      artifacts: await tracking.artifacts(params.run),
      models: await Promise.all(
        (await tracking.loggedModels({ run: params.run })).map(async (model) => ({
          ...model,
          artifacts: await tracking.artifacts(model.id),
        })),
      ),
    }),
    renameRun: async ({ params, body }) => {
      await tracking.updateRun(params.run, { name: body.name })
      return {}
    },
    deleteRun: async ({ params }) => {
      await tracking.deleteRun(params.run)
      return {}
    },
    restoreRun: async ({ params }) => {
      await tracking.restoreRun(params.run)
      return {}
    },
    tagRun: async ({ params, body }) => {
      await tracking.log(params.run, { tags: [[body.key, body.value]] })
      return {}
    },
    untagRun: async ({ params, query }) => {
      await tracking.untagRun(params.run, query.key)
      return {}
    },
    metricHistory: async ({ params, query }) => {
      await tracking.run(params.run)
      const points = await tracking.chartPoints(params.run, params.metric)
      return { points: query.points === undefined ? points : thinned(points, query.points) }
    },
    readHistories: async ({ body }) => {
      const histories = []
      for (const { run, metric, from } of body.series) {
        const points = await tracking.chartPoints(run, metric, from)
        histories.push({ run, metric, points: thinned(points, body.points), logged: points.length })
      }
      return { histories }
    },
    readArtifact: async ({ params, query, reply }) => {
      const artifact = await tracking.openArtifact(params.owner, checkArtifactPath(params['*']))
      const size = Math.min(artifact.size, query.bytes ?? artifact.size)
      return (
        reply
          // Whatever it is, a browser is to save it: an HTML file from a run has no business in this origin.
          .header('content-type', 'application/octet-stream')
          .header('x-content-type-options', 'nosniff')
          .header('content-disposition', 'attachment')
          .header('content-length', size)
          .send(size === 0 ? '' : createReadStream(artifact.file, { end: size - 1 }))
      )
    },
  })
}

const ATTRIBUTES = ['name', 'state', 'endedAt', 'startedAt'] as const

/** `metric:loss`, `metric_max:acc`, `param:depth`, `state`; the start of the run when absent or anything else. */
function subjectFrom(text: string | undefined): Subject {
  const [, kind, key] = /^(metric|metric_min|metric_max|param|tag):(.+)$/s.exec(text ?? '') ?? []
  if (kind === 'param' || kind === 'tag') return { on: kind, key: key! }
  if (kind === 'metric_min') return { on: 'metric', of: 'min', key: key! }
  if (kind === 'metric_max') return { on: 'metric', of: 'max', key: key! }
  if (kind === 'metric') return { on: 'metric', key: key! }
  return { on: 'attribute', key: ATTRIBUTES.find((attribute) => attribute === text) ?? 'startedAt' }
}
