/** What stands at a place of an answer: `data.items`, `links[0].href`; `.` and `$` are the whole. `undefined` if nothing. */
export function valueAt(answer: unknown, path: string): unknown {
  const keys = path.replace(/^\$?\.?/, '').split(/\.|\[(\d+)\]/)
  let value = answer
  for (const key of keys) {
    if (key === undefined || key === '') continue
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Record<string, unknown>)[key]
  }
  return value
}

const DEEPEST = 8

/** A record as a row: objects within it become columns of their own, `address.city`; lists stay what they are. */
export function flattened(record: object, prefix = '', depth = 0): Record<string, unknown> {
  const row: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(record)) {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    if (isObject && depth < DEEPEST) Object.assign(row, flattened(value, `${prefix}${key}.`, depth + 1))
    else row[`${prefix}${key}`] = value
  }
  return row
}
