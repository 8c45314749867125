/**
 * JSON columns are text on every database: what we store we wrote ourselves and query by key columns,
 * so a database's own JSON type would buy a difference between databases and nothing else.
 */
export function encodeJson(value: unknown): string {
  return JSON.stringify(value ?? null)
}

export function decodeJson<T>(text: string): T {
  return JSON.parse(text) as T
}
