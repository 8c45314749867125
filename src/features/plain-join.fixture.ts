/** The point-in-time join in as few thoughts as possible: what the quick one is compared with. */

export interface PlainRow {
  /** Null matches nothing. */
  readonly key: string | number | null
  /** µs; null holds at no time. */
  readonly time: number | null
  readonly created: number | null
  readonly value: string | number | null
}

/**
 * The value that holds for `key` at `time`: of the rows that are not after it the last, by event time, then by creation
 * (one that says none comes first), then by place in the table; and null where that one is older than `ttl`.
 */
export function plainLookup(
  rows: readonly PlainRow[],
  key: PlainRow['key'],
  time: number | null,
  ttl: number | null,
): PlainRow['value'] {
  if (key === null || time === null) return null
  let best: PlainRow | undefined
  for (const row of rows) {
    if (row.key === null || String(row.key) !== String(key) || row.time === null || row.time > time) continue
    if (!best || compare(row, best) >= 0) best = row
  }
  if (!best || (ttl !== null && best.time! < time - ttl)) return null
  return best.value
}

function compare(a: PlainRow, b: PlainRow): number {
  if (a.time !== b.time) return a.time! - b.time!
  return (a.created ?? Number.NEGATIVE_INFINITY) - (b.created ?? Number.NEGATIVE_INFINITY) || 0
}

/** Numbers that are the same every time: mulberry32. */
export function seeded(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296) * below)
  }
}
