import type { SpanLine } from '#tracing/contract'

/** A span where it stands in the waterfall. Times are ms since the first span began. */
export interface SpanRow {
  span: SpanLine
  depth: number
  /** How many stand below it, however deep. */
  below: number
  start: number
  /** null while it runs. */
  took: number | null
}

export interface Waterfall {
  /** Depth first, what began first first. */
  rows: SpanRow[]
  /** From the first start to the last end, ms; above 0. */
  length: number
}

/** Spans whose parent is not there stand at the top; so does one of each circle, whatever sent it. */
export function waterfallOf(spans: readonly SpanLine[]): Waterfall {
  const [first = 0n] = spans.map((span) => BigInt(span.startedNs)).sort((a, b) => (a < b ? -1 : 1))
  const ids = new Set(spans.map((span) => span.id))
  const children = Map.groupBy(spans, (span) => (span.parent !== null && ids.has(span.parent) ? span.parent : null))
  const rows: SpanRow[] = []
  const placed = new Set<string>()

  const place = (top: SpanLine) => {
    const stack = [{ span: top, depth: 0 }]
    for (let next = stack.pop(); next; next = stack.pop()) {
      const { span, depth } = next
      if (placed.has(span.id)) continue
      placed.add(span.id)
      const start = milliseconds(BigInt(span.startedNs) - first)
      const took = span.endedNs === null ? null : milliseconds(BigInt(span.endedNs) - BigInt(span.startedNs))
      rows.push({ span, depth, below: 0, start, took })
      const inside = (children.get(span.id) ?? []).map((child) => ({ span: child, depth: depth + 1 }))
      stack.push(...inside.sort((a, b) => compare(b.span, a.span)))
    }
  }
  for (const top of [...(children.get(null) ?? [])].sort(compare)) place(top)
  for (const span of spans) place(span)

  countBelow(rows)
  const length = rows.reduce((most, { start, took }) => Math.max(most, start + (took ?? 0)), 0)
  return { rows, length: length || 1 }
}

/** Rows that are in sight: none below a row that is closed. */
export function visibleRows(rows: readonly SpanRow[], closed: ReadonlySet<string>): SpanRow[] {
  const visible: SpanRow[] = []
  for (let at = 0; at < rows.length; ) {
    const row = rows[at]!
    visible.push(row)
    at += closed.has(row.span.id) ? row.below + 1 : 1
  }
  return visible
}

const compare = (a: SpanLine, b: SpanLine) => Number(BigInt(a.startedNs) - BigInt(b.startedNs))
const milliseconds = (ns: bigint) => Number(ns) / 1e6

function countBelow(rows: SpanRow[]): void {
  const open: SpanRow[] = []
  const close = (depth: number) => {
    while (open.length > 0 && open.at(-1)!.depth >= depth) {
      const done = open.pop()!
      const above = open.at(-1)
      if (above) above.below += done.below + 1
    }
  }
  for (const row of rows) {
    close(row.depth)
    open.push(row)
  }
  close(0)
}
