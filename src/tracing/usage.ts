import type { Tokens } from './contract.ts'

export interface UsageOfSpan {
  id: string
  parent: string | null
  tokens: Tokens | null
}

/**
 * Tokens of a whole trace. A span that tells its use tells it for what it called too, so a span below one that counts
 * does not count again; null where no span tells.
 */
export function tokensOfTrace(spans: readonly UsageOfSpan[]): Tokens | null {
  const byId = new Map(spans.map((span) => [span.id, span]))
  const counted = new Map<string, boolean>()
  const total = { input: 0, output: 0, total: 0 }
  let any = false
  for (const span of spans) {
    if (!span.tokens || isBelowCounted(span.parent, byId, counted)) continue
    any = true
    for (const key of ['input', 'output', 'total'] as const) total[key] += span.tokens[key]
  }
  return any ? total : null
}

/** Whether a span or one above it tells its use. Walks up once per span, without recursion: chains may be long. */
function isBelowCounted(start: string | null, byId: ReadonlyMap<string, UsageOfSpan>, known: Map<string, boolean>) {
  const path: string[] = []
  let found = false
  for (let at = start; at !== null; ) {
    const before = known.get(at)
    const span = byId.get(at)
    if (before !== undefined || !span) {
      found = before ?? false
      break
    }
    path.push(at)
    if (span.tokens) {
      found = true
      break
    }
    // Parents that go round in a circle end here.
    known.set(at, false)
    at = span.parent
  }
  for (const id of path) known.set(id, found)
  return found
}
