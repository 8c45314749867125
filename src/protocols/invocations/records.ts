import type { PredictionRecord } from '#runtime'
import type { Signature } from '#runtime/contract'
import type { Column } from '../oip/index.ts'
import type { InvokedModel } from './models.ts'
import { type Invocation, InvocationInvalid } from './table.ts'

/** What is asked of an answer. */
interface Answered {
  readonly label: string | null
  readonly value: number
}

/**
 * A model of records, which answers with labels or numbers, as `mlflow models serve` does for the models that Orrery
 * packages.
 */
export function invokedRecords(
  signature: Signature,
  predict: (records: PredictionRecord[], requestId: string | undefined) => Promise<readonly Answered[]>,
): InvokedModel {
  const kinds = new Map(signature.features.map((feature) => [feature.name, feature.kind]))
  const answer = answerWith(signature)
  return {
    // What is no feature, such as the time, is as it was sent.
    isText: (column) => kinds.get(column) !== 'numeric',
    invoke: async (asked, requestId) => {
      const answers = await predict(recordsOf(asked, signature), requestId)
      return answers.map(({ label, value }) => (label === null ? value : answer(label)))
    },
  }
}

/** Of pictures the column `picture` is all that is needed: their files in base64. */
function recordsOf({ columns, array }: Invocation, signature: Signature): PredictionRecord[] {
  const named = columns ?? namedColumns(array!, signature)
  const kinds = new Map(signature.features.map((feature) => [feature.name, feature.kind]))
  const rows = named[0]!.values.length
  return Array.from({ length: rows }, (_, r) =>
    Object.fromEntries(named.map(({ name, values }) => [name, cellOf(values[r], kinds.get(name) === 'numeric')])),
  )
}

/** Rows without names have their values in the order of the signature. */
function namedColumns(array: readonly unknown[], { features }: Signature): Column[] {
  array.forEach((row, r) => {
    if (!Array.isArray(row) || row.length !== features.length)
      throw new InvocationInvalid(`row ${r} is no list of ${features.length} values, one for each feature`)
  })
  return features.map(({ name }, c) => ({ name, values: array.map((row) => (row as unknown[])[c]) }))
}

/** pandas writes a missing number as NaN. */
function cellOf(value: unknown, isNumeric: boolean): PredictionRecord[string] {
  if (isNumeric && value === 'NaN') return null
  return value as PredictionRecord[string]
}

/** Labels that were whole numbers in training are numbers again: the registry keeps them as texts. */
function answerWith({ classes }: Signature): (label: string) => string | number {
  const areNumbers = classes.every((name) => /^(0|-?[1-9]\d{0,14})$/.test(name))
  return areNumbers ? Number : String
}
