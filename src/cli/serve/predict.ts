import { randomUUID } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { readCsv } from '#platform/csv'
import { OrreryError } from '#platform/errors'
import { type Column, feedsFromColumns, parseJson, readBody, rowsOfOutputs } from '#protocols/oip'
import type { PredictionRecord } from '#runtime'
import { type Signature, takesRecords } from '#runtime/contract'
import type { FileModels, OpenModel, SignedModel } from './file-models.ts'

const MOST_ROWS = 10_000

const PredictBody = z.object({
  records: z.array(z.record(z.string(), z.unknown())).min(1).max(MOST_ROWS),
})

class PredictBodyInvalid extends OrreryError {
  constructor(problem: string) {
    super({
      code: 'ORRERY_SERVE_PREDICT_BODY_INVALID',
      status: 400,
      message: `The request cannot be read: ${problem}.`,
      hint: 'Send {"records": [{…}]} with an object a row, or text/csv.',
    })
  }
}

/** `POST /predict/<name>`: records in, one answer a record; of a graph without a signature its outputs, by their names. */
export async function predictRecords(models: FileModels, name: string, request: FastifyRequest, largestBody: number) {
  const body = Buffer.from(await readBody(request.raw, largestBody)).toString('utf8')
  const model = await models.open(name)
  const isCsv = /^text\/csv\b/i.test(request.headers['content-type'] ?? '')
  const records = isCsv ? recordsOfCsv(body, model) : recordsOfJson(body)
  const requestId = [request.headers['x-request-id']].flat()[0] ?? randomUUID()
  const answers =
    model.signed && takesRecords(model.signed.signature)
      ? await signedAnswers(model.signed, records)
      : await outputsOf(models, name, records)
  return {
    model: name,
    predictions: answers.map((answer, r) => ({
      id: answers.length === 1 ? requestId : `${requestId}.${r}`,
      ...answer,
      version: model.source.version,
    })),
  }
}

function recordsOfJson(body: string): Record<string, unknown>[] {
  const parsed = PredictBody.safeParse(parseJson(body))
  if (parsed.success) return parsed.data.records
  const [issue] = parsed.error.issues
  throw new PredictBodyInvalid(`${issue!.path.join('.')}: ${issue!.message}`)
}

function recordsOfCsv(body: string, { graph, signed }: OpenModel): Record<string, unknown>[] {
  const { columns, rows } = readCsv(body)
  const isNumber = columns.map((name) => {
    const feature = signed?.signature.features.find((one) => one.name === name)
    if (feature) return feature.kind === 'numeric'
    return (graph.inputs.find((input) => input.name === name) ?? graph.inputs[0])?.datatype !== 'BYTES'
  })
  return rows.map((row) =>
    Object.fromEntries(
      columns.map((name, c) => {
        const cell = row[c]!
        return [name, isNumber[c] && cell !== null && Number.isFinite(Number(cell)) ? Number(cell) : cell]
      }),
    ),
  )
}

async function outputsOf(models: FileModels, name: string, records: readonly Record<string, unknown>[]) {
  const model = await models.model(name, undefined, { name: '', roles: [] })
  const names = [...new Set(records.flatMap((record) => Object.keys(record)))]
  const columns: Column[] = names.map((column) => ({
    name: column,
    values: records.map((record) => record[column] ?? null),
  }))
  const feeds = feedsFromColumns(model.inputs, columns)
  const { outputs } = await model.infer({ id: undefined, feeds, wanted: undefined })
  return rowsOfOutputs(outputs, records.length)
}

/** As an endpoint answers: the value, and of a classifier its label and probabilities. */
export async function signedAnswers(model: SignedModel, records: readonly Record<string, unknown>[]) {
  const numbers = await model.predict(records as readonly PredictionRecord[])
  return records.map((_, r) => answerOf(model.signature, numbers.subarray(r * model.outputs, (r + 1) * model.outputs)))
}

function answerOf({ task, classes }: Signature, numbers: Float64Array) {
  if (task === 'regression') return { value: numbers[0]!, label: null, probabilities: null }
  const all = task === 'binary' ? [1 - numbers[0]!, numbers[0]!] : [...numbers]
  const best = task === 'binary' ? Number(numbers[0]! >= 0.5) : all.indexOf(Math.max(...all))
  return {
    value: task === 'binary' ? numbers[0]! : all[best]!,
    label: classes[best]!,
    probabilities: Object.fromEntries(classes.map((label, k) => [label, all[k]!])),
  }
}
