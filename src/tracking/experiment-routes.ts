import type { Handlers } from '#platform/http'
import { nextCursor, offsetOf } from '#platform/http'
import type { experimentRoutes } from './experiments.contract.ts'
import type { Tracking } from './tracking.ts'

export function experimentHandlers(tracking: Tracking): Handlers<typeof experimentRoutes> {
  return {
    listExperiments: async ({ query: { cursor, ...filter } }) => {
      const offset = offsetOf(cursor)
      const experiments = await tracking.experimentLines({ ...filter, offset })
      return { experiments, next: nextCursor(offset, experiments.length, filter.limit) }
    },
    getExperiment: ({ params }) => tracking.experimentLine(params.experiment),
    renameExperiment: async ({ params, body }) => {
      await tracking.renameExperiment(params.experiment, body.name)
      return {}
    },
    deleteExperiment: async ({ params }) => {
      await tracking.deleteExperiment(params.experiment)
      return {}
    },
    restoreExperiment: async ({ params }) => {
      await tracking.restoreExperiment(params.experiment)
      return {}
    },
    tagExperiment: async ({ params, body }) => {
      await tracking.tagExperiment(params.experiment, [[body.key, body.value]])
      return {}
    },
    untagExperiment: async ({ params, query }) => {
      await tracking.untagExperiment(params.experiment, query.key)
      return {}
    },
  }
}
