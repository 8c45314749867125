import { open } from 'node:fs/promises'
import type { IncomingHttpHeaders } from 'node:http'
import type { HttpServer } from '#platform/http'
import { type LoggedPrediction, servingRoutes } from './contract.ts'
import { csvBody } from './csv-body.ts'
import { PredictionUnknown, TimeInvalid, TooManyToExplain } from './errors.ts'
import { parseTimestamp } from './event-time.ts'
import type { PredictReply, PredictRequest } from './gateway.ts'
import { pictureBody } from './picture-body.ts'
import { isPlainPredictBody } from './plain-body.ts'
import type { Serving } from './serving.ts'
import type { StoredPrediction } from './store.ts'

const headerOf = (headers: IncomingHttpHeaders) => (name: string) => [headers[name.toLowerCase()]].flat()[0]

export function mountServing(http: HttpServer, serving: Serving): void {
  const otherBody = async (endpoint: string, body: Buffer, type: string, columns: Record<string, string>) =>
    /^text\/csv\b/i.test(type)
      ? { records: csvBody(body, (await serving.answering(endpoint)).signature) }
      : pictureBody(body, type, columns)

  async function answer(request: PredictRequest, explain: boolean | undefined): Promise<PredictReply> {
    if (!explain) return serving.predict(request)
    refuseLong(request.records.length)
    return serving.withContributions(await serving.predict(request), request.records)
  }

  http.mountFast(servingRoutes.predict, {
    isBody: isPlainPredictBody,
    answer: async ({ name, body, requestId, headers }) =>
      JSON.stringify(
        await answer(
          { endpoint: name, records: body.records, ids: body.ids, requestId, header: headerOf(headers) },
          body.explain,
        ),
      ),
  })
  http.mount('serving', servingRoutes, {
    predict: async ({ params, query, body, request }) => {
      const { explain, ...columns } = query
      const asked = Buffer.isBuffer(body)
        ? await otherBody(params.endpoint, body, String(request.headers['content-type']), columns)
        : { records: body.records, ids: body.ids }
      const requestId = [request.headers['x-request-id']].flat()[0]
      return answer(
        { endpoint: params.endpoint, ...asked, header: headerOf(request.headers), requestId, explain },
        Buffer.isBuffer(body) ? undefined : body.explain,
      )
    },
    feedback: async ({ body, principal }) => {
      const said = body.feedback && (await serving.humanFeedback.give(body.feedback, principal.name))
      const labels = await serving.feedback(body.labels ?? [])
      return { ...labels, ...(said && { feedback: said }) }
    },
    feedbackOfPrediction: async ({ params }) => ({ feedback: await serving.humanFeedback.of(params.id) }),
    listFeedback: async ({ params, query }) => {
      await serving.requireEndpoint(params.endpoint)
      const { limit, cursor, version, disagrees, tag } = query
      const filter = { from: timeIn(query.from), to: timeIn(query.to), version, tag }
      const page = await serving.humanFeedback.list(
        params.endpoint,
        { ...filter, disagrees: disagrees === undefined ? undefined : disagrees === 'yes' },
        { limit, before: cursor === undefined ? undefined : Number(cursor) || 0 },
      )
      return { feedback: page.feedback, next: page.next === null ? null : String(page.next) }
    },
    feedbackSummary: async ({ params, query }) => {
      await serving.requireEndpoint(params.endpoint)
      const range = { from: timeIn(query.from), to: timeIn(query.to) }
      return serving.humanFeedback.summary(params.endpoint, { ...range, periodMs: PERIODS[query.by] })
    },
    listPredictions: async ({ params, query }) => {
      await serving.requireEndpoint(params.endpoint)
      const page = await serving.reads.list(params.endpoint, {
        limit: query.limit,
        ...(query.cursor !== undefined && { before: Number(query.cursor) || 0 }),
        ...(query.version !== undefined && { version: query.version }),
        ...(query.labelled !== undefined && { labelled: query.labelled === 'yes' }),
        from: timeIn(query.from),
        to: timeIn(query.to),
        label: query.label,
        text: query.text,
      })
      return {
        predictions: page.map(shown),
        next: page.length === query.limit ? String(page.at(-1)!.seq) : null,
      }
    },
    listFailures: async ({ params, query }) => {
      await serving.requireEndpoint(params.endpoint)
      const before = query.cursor === undefined ? undefined : Number(query.cursor) || 0
      const page = await serving.failures.list(params.endpoint, { limit: query.limit, before })
      return {
        failures: page.map(({ seq: _, ...failure }) => failure),
        dropped: serving.failures.dropped(params.endpoint),
        next: page.length === query.limit ? String(page.at(-1)!.seq) : null,
      }
    },
    queryPredictions: async ({ params, body }) => {
      await serving.requireEndpoint(params.endpoint)
      const { columns, rows, cut } = await serving.ask(params.endpoint, body.sql)
      return { columns, rows: rows as (string | number | boolean | null)[][], cut }
    },
    exportPredictions: async ({ params, reply }) => {
      await serving.requireEndpoint(params.endpoint)
      return serving.exportLog(params.endpoint, async (path) => {
        // Open before the folder it lies in is removed: the file stays readable until it is sent.
        const file = await open(path)
        return reply
          .header('content-type', 'application/vnd.apache.parquet')
          .header('content-disposition', `attachment; filename="predictions.parquet"`)
          .send(file.createReadStream())
      })
    },
    getPrediction: async ({ params }) => {
      const prediction = await serving.reads.prediction(params.id)
      if (!prediction) throw new PredictionUnknown(params.id)
      return shown(prediction)
    },
    explanationPicture: async ({ params, query, reply }) => {
      const png = await serving.explanationPng(params.id, query.plain === 'yes')
      // The same for ever: the picture and the version that answered do not change.
      return reply.type('image/png').header('cache-control', 'private, max-age=86400').send(png)
    },
    modelsInMemory: async () => {
      const { budgetBytes, usedBytes, models, processEnds } = serving.inMemory()
      return {
        ...{ budgetBytes, usedBytes, serverBytes: process.memoryUsage.rss() },
        models: models.map(({ endpoints, problem, microseconds, name, ...one }) => ({
          ...{ ...one, name, endpoints: endpoints.filter((owner) => !owner.startsWith('borrowed ')) },
          ...{ microseconds: microseconds ?? null, problem: problem ?? null },
          processEnds: processEnds.get(name.replace(/ \(.*\)$/, '')) ?? 0,
        })),
      }
    },
    servingStatus: async ({ params }) => {
      await serving.requireEndpoint(params.endpoint)
      const { problem: _, ...status } = serving.status(params.endpoint)
      const { predictions, labelled } = await serving.reads.counts(params.endpoint)
      return { ...status, versions: [...status.versions], predictions, labelled }
    },
  })
}

/** An explanation asks the model thousands of rows. @throws TooManyToExplain */
function refuseLong(records: number): void {
  if (records > MOST_EXPLAINED) throw new TooManyToExplain(records, MOST_EXPLAINED)
}

const MOST_EXPLAINED = 20

const PERIODS = { hour: 3_600_000, day: 86_400_000 }

/** @throws TimeInvalid */
function timeIn(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const time = parseTimestamp(text)
  if (time === undefined) throw new TimeInvalid(text)
  return time
}

function shown({
  seq: _seq,
  project: _project,
  probabilities: _probabilities,
  ...prediction
}: StoredPrediction): LoggedPrediction {
  return prediction
}
