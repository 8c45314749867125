import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { z } from 'zod'
import type { Features } from '#features'
import type { Events } from '#platform/events'
import type { HttpServer } from '#platform/http'
import { defineRoutes, operatorRoutes } from '#platform/http/contract'
import type { Jobs } from '#platform/jobs'
import { type Migration, type Storage, type Tx, tables } from '#platform/storage'
import type { Serving } from '#serving'

const Readiness = z.object({ ready: z.boolean(), problems: z.array(z.string()) })

/** What operators ask: is it alive, is it ready, how is it doing. */
const operationRoutes = defineRoutes({
  ...operatorRoutes,
  ready: {
    method: 'GET',
    path: '/ready',
    permission: 'public',
    summary: 'Storage takes writes and every endpoint with a champion answers; 503 with the reasons otherwise.',
    reply: Readiness,
    otherReplies: { 503: Readiness },
  },
})

export const operationMigrations: readonly Migration[] = [
  {
    name: 'operations-001-probe',
    up: async (db) => {
      await db.schema
        .createTable('operations_probe')
        .addColumn('id', 'integer', (c) => c.primaryKey())
        .addColumn('at', 'bigint', (c) => c.notNull())
        .execute()
    },
  },
]

/** One row, written anew: a transaction that writes nothing succeeds on a full disk, too. */
async function probe(tx: Tx, at: number): Promise<void> {
  await tables<{ operations_probe: { id: number; at: number } }>(tx)
    .insertInto('operations_probe')
    .values({ id: 1, at })
    .onConflict((c) => c.column('id').doUpdateSet({ at }))
    .execute()
}

export function mountOperations(
  http: HttpServer,
  needs: { storage: Storage; features: Features; serving: Serving; jobs: Jobs; events: Events; version: string },
): void {
  const { storage, features, serving, version } = needs
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
      const failure = await storage.write((tx) => probe(tx, Date.now())).catch((error: Error) => error)
      if (failure instanceof Error) problems.push(`storage takes no writes: ${failure.message}`)
      if (problems.length > 0) reply.status(503)
      return { ready: problems.length === 0, problems }
    },
    metrics: async ({ reply }) => {
      const all = Registry.merge([metrics, features.metrics, serving.metrics])
      return reply.header('content-type', all.contentType).send(await all.metrics())
    },
    openapi: async ({ reply }) => reply.send(http.fastify.swagger()),
  })
}
