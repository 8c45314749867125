import { isDeepStrictEqual } from 'node:util'
import { type Conversation, type Exchange, Talk } from './conversation.ts'
import { normalized } from './normal.ts'

export interface Difference {
  readonly label: string
  /** What differs: `path: the original's ≠ ours`. */
  readonly found: readonly string[]
}

/** Holds the conversation with both servers; answers with the exchanges that differ. */
export async function compare(
  converse: Conversation,
  { original, orrery }: { original: string; orrery: string },
): Promise<{ exchanges: number; differences: Difference[] }> {
  const talks = [new Talk(original), new Talk(orrery)] as const
  await Promise.all(talks.map((talk) => converse(talk)))
  const [theirs, ours] = talks.map((talk) => normalized(talk.exchanges)) as [Exchange[], Exchange[]]
  const differences = theirs.flatMap((their, i) => {
    const found = [...differing(said(their), said(ours[i]), '')]
    return found.length > 0 ? [{ label: their.label, found }] : []
  })
  return { exchanges: theirs.length, differences }
}

/** An error is its status and its code. */
const said = (exchange: Exchange | undefined) => {
  if (exchange === undefined || exchange.status < 400)
    return exchange && { status: exchange.status, body: exchange.body }
  const { error_code, error_class, sqlstate } = (exchange.body ?? {}) as Record<string, unknown>
  return { status: exchange.status, ...(error_code !== undefined && { error_code, error_class, sqlstate }) }
}

function* differing(original: unknown, orrery: unknown, path: string): Generator<string> {
  if (isDeepStrictEqual(original, orrery)) return
  if (isObject(original) && isObject(orrery) && Array.isArray(original) === Array.isArray(orrery))
    for (const key of new Set([...Object.keys(original), ...Object.keys(orrery)]))
      yield* differing(original[key], orrery[key], path ? `${path}.${key}` : key)
  else yield `${path}: ${told(original)} ≠ ${told(orrery)}`
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

function told(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}
