import { asOrreryError } from '#platform/errors'
import type { Logger } from '#platform/log'
import { encodeJson, type Storage, type Tx, tables } from '#platform/storage'
import type { Failure } from './contract.ts'
import type { LogPolicy } from './endpoint-source.ts'
import { redacted } from './log-policy.ts'
import type { PredictRequest } from './gateway.ts'

/** Requests that got an error instead of an answer, written down beside the predictions. */
export interface Failures {
  /** Never waits, never throws: what comes faster than it can be written is counted. */
  note(request: PredictRequest, error: unknown, at: number, latencyUs: number, policy: LogPolicy | undefined): void
  /** Newest first. */
  list(endpoint: string, page: { limit: number; before?: number | undefined }): Promise<StoredFailure[]>
  /** Those of an endpoint that were not written down, since the start. */
  dropped(endpoint: string): number
  /** Deletes those of before `before`. */
  expire(endpoint: string, before: number): Promise<void>
  close(): Promise<void>
}

export interface StoredFailure extends Failure {
  readonly seq: number
}

interface FailureTables {
  serving_failures: {
    seq: number
    endpoint: string
    request_id: string | null
    received_at: number
    latency_us: number
    code: string
    status: number
    message: string
    records: number
    inputs: string
  }
}

type NewFailure = Omit<FailureTables['serving_failures'], 'seq'>

/** A caller that is wrong is wrong a thousand times a second: enough are kept to see how. */
const MOST_WAITING = 100
const WRITE_EVERY_MS = 500
/** Of each request; the first of its records tell. */
const MOST_RECORDS = 3
const LONGEST_INPUTS = 8_192
const LONGEST_MESSAGE = 1_000

export function openFailures({ storage, log }: { storage: Storage; log: Logger }): Failures {
  let waiting: NewFailure[] = []
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> = Promise.resolve()
  const dropped = new Map<string, number>()
  const drop = (endpoint: string, count = 1) => dropped.set(endpoint, (dropped.get(endpoint) ?? 0) + count)

  function flush(): void {
    clearTimeout(timer)
    timer = undefined
    const some = waiting
    waiting = []
    if (some.length === 0) return
    writing = writing.then(async () => {
      try {
        await storage.write(async (tx) => insertFailures(tx, some))
      } catch (error) {
        log.error({ err: error, failures: some.length }, 'failed requests could not be logged')
        for (const { endpoint } of some) drop(endpoint)
      }
    })
  }

  return {
    note: (request, error, at, latencyUs, policy) => {
      if (waiting.length >= MOST_WAITING) return void drop(request.endpoint)
      const known = asOrreryError(error)
      const records = request.records.slice(0, MOST_RECORDS).map((record) => redacted(record, policy))
      waiting.push({
        ...{ endpoint: request.endpoint, request_id: request.requestId?.slice(0, 200) ?? null },
        ...{ received_at: at, latency_us: latencyUs, records: request.records.length },
        ...{ code: known?.code ?? 'ORRERY_INTERNAL', status: known?.status ?? 500 },
        message: (known?.message ?? 'It failed in a way that nobody foresaw; the log of the server has it.').slice(
          0,
          LONGEST_MESSAGE,
        ),
        inputs: shortened(records),
      })
      timer ??= setTimeout(flush, WRITE_EVERY_MS)
    },
    list: async (endpoint, { limit, before = Number.MAX_SAFE_INTEGER }) => {
      const rows = await storage
        .reads<FailureTables>()
        .selectFrom('serving_failures')
        .selectAll()
        .where('endpoint', '=', endpoint)
        .where('seq', '<', before)
        .orderBy('seq', 'desc')
        .limit(limit)
        .execute()
      return rows.map((row) => ({
        ...{ seq: row.seq, endpoint: row.endpoint, requestId: row.request_id, receivedAt: row.received_at },
        ...{ latencyMs: row.latency_us / 1000, code: row.code, status: row.status, message: row.message },
        ...{ records: row.records, inputs: JSON.parse(row.inputs) as Failure['inputs'] },
      }))
    },
    dropped: (endpoint) => dropped.get(endpoint) ?? 0,
    expire: (endpoint, before) =>
      storage.write(async (tx) => {
        await tables<FailureTables>(tx)
          .deleteFrom('serving_failures')
          .where('endpoint', '=', endpoint)
          .where('received_at', '<', before)
          .execute()
      }),
    close: async () => {
      flush()
      await writing
    },
  }
}

async function insertFailures(tx: Tx, failures: readonly NewFailure[]): Promise<void> {
  await tables<FailureTables>(tx)
    .insertInto('serving_failures')
    .values(failures as FailureTables['serving_failures'][])
    .execute()
}

/** As many of the records as there is room for. */
function shortened(records: readonly Record<string, unknown>[]): string {
  for (let count = records.length; count > 0; count--) {
    const text = encodeJson(records.slice(0, count))
    if (text.length <= LONGEST_INPUTS) return text
  }
  return '[]'
}
