import type { ReadyEndpoint } from './endpoint-state.ts'
import type { PredictRequest } from './gateway.ts'

const LONGEST = 200

const columnsOf = new WeakMap<ReadyEndpoint, readonly (readonly [column: string, header: string])[]>()

/**
 * The request with the columns that its headers fill in, where a version that scores it asks for any: they are logged and watched as
 * every column is. A header that is sent goes before what the record says; one that is not leaves a missing value.
 */
export function withHeaders(request: PredictRequest, state: ReadyEndpoint): PredictRequest {
  let wanted = columnsOf.get(state)
  if (!wanted) {
    const features = [state.champion, ...state.scoring.values()].flatMap(({ signature }) => signature.features)
    wanted = [...new Map(features.flatMap(({ name, header }) => (header === undefined ? [] : [[name, header]])))]
    columnsOf.set(state, wanted)
  }
  if (wanted.length === 0) return request
  const sent = wanted.map(([column, header]) => [column, request.header?.(header)?.slice(0, LONGEST)] as const)
  const records = request.records.map((record) => {
    const filled: Record<string, string | number | boolean | null> = { ...record }
    for (const [column, value] of sent) filled[column] = value ?? record[column] ?? null
    return filled
  })
  return { ...request, records }
}
