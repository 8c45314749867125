import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { z } from 'zod'
import type { HttpServer } from '#platform/http'
import { defineRoutes, operatorRoutes } from '#platform/http/contract'
import { mountInvocations, invokedRecords, mountScoring, invokedGraph } from '#protocols/invocations'
import { mountInference } from '#protocols/oip'
import { takesRecords } from '#runtime/contract'
import type { FileModels } from './file-models.ts'
import { predictRecords, signedAnswers } from './predict.ts'

const serveRoutes = defineRoutes({
  ...operatorRoutes,
  predict: {
    method: 'POST',
    path: '/predict/:model',
    permission: 'serving:predict',
    summary: 'Answers records, or CSV: the outputs of the graph, row by row.',
    params: z.object({ model: z.string() }),
    reply: z.unknown(),
    raw: true,
    upload: true,
  },
  ready: {
    method: 'GET',
    path: '/ready',
    permission: 'public',
    summary: 'Every model answers; 503 with the reasons otherwise.',
    reply: z.unknown(),
    raw: true,
  },
})

/** Every protocol over the same models. */
export function mountServe(
  http: HttpServer,
  { models, version, largestBody }: { models: FileModels; version: string; largestBody: number },
): void {
  const metrics = openMetrics(models)
  mountInference(http, { models, version, largestBody })
  const invoked = async (name: string) => {
    const { signed } = await models.open(name)
    if (signed && takesRecords(signed.signature))
      return invokedRecords(signed.signature, (records) => signedAnswers(signed, records))
    const model = await models.model(name, undefined, { name: '', roles: [] })
    return invokedGraph({
      inputs: model.inputs,
      run: async (feeds, wanted) => (await model.infer({ id: undefined, feeds, wanted })).outputs,
    })
  }
  mountInvocations(http, { model: invoked, largestBody })
  // Without a name in the address the first one is meant: `mlflow models serve` knows only one.
  mountScoring(http, { model: () => invoked(models.names()[0]!), version, largestBody })
  http.mount('serve', serveRoutes, {
    predict: async ({ params, request, reply }) =>
      reply.send(await predictRecords(models, params.model, request, largestBody)),
    health: async () => ({ status: 'ok' as const, version }),
    ready: async ({ reply }) => {
      const problems = models.problems()
      return reply.status(problems.length === 0 ? 200 : 503).send({ ready: problems.length === 0, problems })
    },
    metrics: async ({ reply }) => reply.header('content-type', metrics.contentType).send(await metrics.metrics()),
    openapi: async ({ reply }) => reply.send(http.fastify.swagger()),
  })
}

function openMetrics(models: FileModels): Registry {
  const metrics = new Registry()
  collectDefaultMetrics({ register: metrics })
  new Counter({
    name: 'orrery_inferences_total',
    help: 'Runs that a model was asked for, by their outcome.',
    labelNames: ['model', 'version', 'outcome'],
    registers: [metrics],
    async collect() {
      this.reset()
      for (const { name, version, requests, failures } of await models.counts()) {
        const [answered, failed] = [requests.count, failures.count]
        this.inc({ model: name, version, outcome: 'answered' }, answered)
        this.inc({ model: name, version, outcome: 'failed' }, failed)
      }
    },
  })
  new Gauge({
    name: 'orrery_model_ready',
    help: '1 where the model answers.',
    labelNames: ['model'],
    registers: [metrics],
    async collect() {
      for (const { name, state } of await models.index()) this.set({ model: name }, state === 'READY' ? 1 : 0)
    },
  })
  return metrics
}
