import { setMaxListeners } from 'node:events'
import type { Events } from '#platform/events'
import type { HttpServer } from '#platform/http'
import type { Jobs } from '#platform/jobs'
import { loopRoutes } from './contract.ts'
import type { LoopNeeds } from './facts.ts'
import { overviewOf } from './overview.ts'
import { waitUntilSettled } from './settled.ts'
import { eventStream } from './stream.ts'

export function mountLoop(http: HttpServer, needs: LoopNeeds & { events: Events; jobs: Jobs }): void {
  const closing = new AbortController()
  // Every open stream listens; a server that stops waits for none of them.
  setMaxListeners(0, closing.signal)
  http.fastify.addHook('preClose', async () => closing.abort())
  http.mount('loop', loopRoutes, {
    overview: ({ params }) => overviewOf(needs, params.project),
    settled: async ({ params, query }) => {
      await needs.projects.project(params.project)
      const settled = await waitUntilSettled(needs, params.project, query.timeout * 1000, closing.signal)
      return { settled, needs: (await overviewOf(needs, params.project)).needs }
    },
    stream: async ({ query, reply }) =>
      reply
        .header('content-type', 'text/event-stream')
        .header('cache-control', 'no-cache')
        .send(eventStream(needs, query.project, closing.signal)),
  })
}
