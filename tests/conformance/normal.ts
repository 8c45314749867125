import type { Exchange } from './conversation.ts'

/**
 * What two servers said, without what must differ: ids become the number of the exchange they were first seen in, moments become
 * `<now>`, texts for people become `<text>`. Lists that are maps in truth are sorted by key.
 */
export function normalized(exchanges: readonly Exchange[]): Exchange[] {
  const ids = new Map<string, string>()
  for (const [at, { body }] of exchanges.entries()) collectIds(body, at, ids)
  return exchanges.map((exchange) => ({ ...exchange, body: normal(exchange.body, '', ids) }))
}

const IDS: Record<string, string> = {
  ...{ run_id: 'run', run_uuid: 'run', source_run_id: 'run', experiment_id: 'experiment', model_id: 'model' },
  dataset_uuid: 'dataset',
}
const TIMES = new Set(
  'creation_time last_update_time start_time end_time timestamp creation_timestamp_ms last_updated_timestamp_ms'.split(
    ' ',
  ),
)
/** Lists in no order that would mean something. */
const UNORDERED = new Set(['model_outputs', 'model_inputs', 'dataset_inputs', 'dataset_summaries'])
/** Values that hold ids among other things. */
const PLACES = new Set(['artifact_uri', 'artifact_location', 'root_uri', 'value'])
const SOON = 3_600_000

function collectIds(value: unknown, at: number, ids: Map<string, string>): void {
  if (Array.isArray(value)) for (const item of value) collectIds(item, at, ids)
  else if (value !== null && typeof value === 'object')
    for (const [key, inner] of Object.entries(value)) {
      const kind = IDS[key]
      // The default experiment has the same id everywhere.
      if (kind && typeof inner === 'string' && inner !== '' && inner !== '0' && !ids.has(inner))
        ids.set(inner, `<${kind} of ${at}>`)
      collectIds(inner, at, ids)
    }
}

function normal(value: unknown, key: string, ids: Map<string, string>): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => normal(item, key, ids))
    if (UNORDERED.has(key)) return items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
    const isMap = items.every(isPair) && new Set(items.map(({ key: name }) => name)).size === items.length
    return isMap ? items.sort((a, b) => order(a, b)) : items
  }
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, normal(inner, name, ids)]))
  if (typeof value === 'number' && TIMES.has(key) && Math.abs(value - Date.now()) < SOON) return '<now>'
  if (typeof value !== 'string') return value
  if (IDS[key]) return ids.get(value) ?? value
  if (key === 'message') return '<text>'
  if (key === 'next_page_token') return '<token>'
  if (PLACES.has(key) && value.length > 8)
    return value
      .split('/')
      .map((part) => ids.get(part) ?? part)
      .join('/')
      .replace(/^[a-z]+-[a-z]+(-\d+)?$/, '<words>')
  if ((key === 'run_name' || key === 'name') && /^[a-z]+-[a-z]+(-\d+)?$/.test(value)) return '<words>'
  return value
}

interface Pair {
  key: string
}
const isPair = (item: unknown): item is Pair => typeof item === 'object' && item !== null && 'key' in item
const order = (a: Pair, b: Pair) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)
