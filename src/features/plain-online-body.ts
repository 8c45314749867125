import type { OnlineBody } from './contract.ts'

const MOST_VIEWS = 100
const MOST_ENTITIES = 10_000

/**
 * Whether a body is what the schema would take as it is: what many send, looked at in a fraction of the time. Who leaves out
 * `fullNames` means false, which is what it is where nothing stands.
 */
export function isPlainOnlineBody(body: unknown): body is OnlineBody {
  if (!isMapping(body)) return false
  const { project, views, entities, fullNames } = body
  if (typeof project !== 'string' || (fullNames !== undefined && typeof fullNames !== 'boolean')) return false
  if (views !== undefined && !isListOf(views, MOST_VIEWS, (view) => typeof view === 'string')) return false
  return isListOf(entities, MOST_ENTITIES, isKeys)
}

function isListOf(value: unknown, most: number, is: (one: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length > 0 && value.length <= most && value.every(is)
}

function isKeys(value: unknown): boolean {
  if (!isMapping(value)) return false
  for (const key in value) {
    const cell = value[key]
    const type = typeof cell
    if (type !== 'string' && type !== 'boolean' && cell !== null && !(type === 'number' && Number.isFinite(cell)))
      return false
  }
  return true
}

const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
