import { z } from 'zod'
import { defineRoutes } from './route.ts'

/** What every server of ours tells those who operate it. Public: probes and scrapers carry no token. */
export const operatorRoutes = defineRoutes({
  health: {
    method: 'GET',
    path: '/health',
    permission: 'public',
    summary: 'The process answers.',
    reply: z.object({ status: z.literal('ok'), version: z.string() }),
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
