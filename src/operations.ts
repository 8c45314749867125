import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { z } from 'zod'
import type { Events } from '#platform/events'
import type { HttpServer } from '#platform/http'
import { defineRoutes } from '#platform/http/contract'
import type { Jobs } from '#platform/jobs'
import type { Storage } from '#platform/storage'
import type { Serving } from '#serving'

/** What operators ask: is it alive, is it ready, how is it doing. Public: probes and scrapers carry no token. */
const operationRoutes = defineRoutes({
  health: {
    method: 'GET',
    path: '/health',
    permission: 'public',
    summary: 'The process answers.',
    reply: z.object({ status: z.literal('ok'), version: z.string() }),
  },
  ready: {
    method: 'GET',
    path: '/ready',
    permission: 'public',
    summary: 'Storage takes writes and every endpoint with a champion answers; 503 with the reasons otherwise.',
    reply: z.object({ ready: z.boolean(), problems: z.array(z.string()) }),
  },
  metrics: {
    method: 'GET',
    path: '/metrics',
    permission: 'public',
    summary: 'Prometheus text format.',
    reply: z.unknown(),
    raw: true,
  },
  openapi: {
    method: 'GET',
    path: '/openapi.json',
    permission: 'public',
    summary: 'This API as OpenAPI 3.1.',
    reply: z.unknown(),
    raw: true,
  },
})

export function mountOperations(
  http: HttpServer,
  needs: { storage: Storage; serving: Serving; jobs: Jobs; events: Events; version: string },
): void {
  const { storage, serving, version } = needs
  const metrics = new Registry()
  collectDefaultMetrics({ register: metrics })
  new Gauge({
    name: 'orrery_storage_pending_writes',
    help: 'Writes waiting for their group commit.',
    registers: [metrics],
    collect() {
      this.set(storage.pendingWrites())
    },
  })

  http.mount('operations', operationRoutes, {
    health: async () => ({ status: 'ok' as const, version }),
    ready: async ({ reply }) => {
      const problems = serving.problems().map(({ endpoint, problem }) => `endpoint ${endpoint}: ${problem}`)
      const failure = await storage.write(async () => undefined).catch((error: Error) => error)
      if (failure instanceof Error) problems.push(`storage takes no writes: ${failure.message}`)
      if (problems.length > 0) reply.status(503)
      return { ready: problems.length === 0, problems }
    },
    metrics: async ({ reply }) => {
      const all = Registry.merge([metrics, serving.metrics])
      return reply.header('content-type', all.contentType).send(await all.metrics())
    },
    openapi: async ({ reply }) => reply.send(http.fastify.swagger()),
  })
}
