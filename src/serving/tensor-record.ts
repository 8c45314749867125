import { createHash } from 'node:crypto'
import type { Tensor, Tensors } from '#runtime'
import type { LogPolicy } from './endpoint-source.ts'

/*
 * Plain tensors as a record of the log: of each its datatype, its shape, its first values and, where these are not all of it, a hash
 * of its bytes. What a value of them means, nobody says; but every answer has a past, and who has the tensor can prove that it was it.
 */

/** Values that are shown. */
const FIRST = 8
/** Characters of a text that are shown. */
const LONGEST_TEXT = 40
const MOST_TENSORS = 50

/** @param requestId what the caller named the request by; its answer is known by an id of its own */
export function tensorRecord(
  { feeds, outputs, requestId }: { feeds: Tensors; outputs: Tensors; requestId: string | undefined },
  policy: LogPolicy | undefined,
): Record<string, string> {
  const record: Record<string, string> = {}
  const describe = (tensors: Tensors, prefix: string) => {
    for (const [name, tensor] of Object.entries(tensors).slice(0, MOST_TENSORS))
      if (!policy?.redact.includes(name)) record[prefix + name] = describeTensor(tensor)
  }
  describe(feeds, '')
  describe(outputs, 'output:')
  if (requestId !== undefined) record['request:id'] = requestId
  return record
}

/** `FP32[2,3] 0.5 1 2 3 4 5`, or with more values than are shown `FP32[64,64] 0.5 1 2 … sha256:…`. */
export function describeTensor({ datatype, shape, data }: Tensor): string {
  const first = Array.from({ length: Math.min(FIRST, data.length) }, (_, i) => shownValue(data[i]!))
  const all = data.length <= FIRST && first.every((text) => !text.endsWith('…'))
  const rest = all ? [] : ['…', `sha256:${hashOf(data)}`]
  return [`${datatype}[${shape.join(',')}]`, ...first, ...rest].join(' ')
}

function shownValue(value: number | bigint | string | Uint8Array): string {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  const text = typeof value === 'string' ? value : Buffer.from(value.subarray(0, LONGEST_TEXT + 1)).toString()
  return JSON.stringify(text.slice(0, LONGEST_TEXT)) + (text.length > LONGEST_TEXT ? '…' : '')
}

/** Of its elements as they lie in memory; texts each behind its length, so that no two lists are alike. */
function hashOf(data: Tensor['data']): string {
  const hash = createHash('sha256')
  if (!Array.isArray(data)) {
    const { buffer, byteOffset, byteLength } = data as Uint8Array
    return hash.update(new Uint8Array(buffer, byteOffset, byteLength)).digest('hex')
  }
  for (const one of data as (string | Uint8Array)[]) {
    const bytes = typeof one === 'string' ? Buffer.from(one) : one
    hash.update(`${bytes.byteLength}:`).update(bytes)
  }
  return hash.digest('hex')
}

/** The first number that an answer has: what the log can order and average it by; 0 where it has none. */
export function firstNumber(outputs: Tensors): number {
  for (const { datatype, data } of Object.values(outputs)) {
    const first = datatype === 'BYTES' || datatype === 'FP16' ? undefined : Number(data[0])
    if (first !== undefined && Number.isFinite(first)) return first
  }
  return 0
}
