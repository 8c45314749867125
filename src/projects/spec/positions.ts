import { type Document, isMap, isScalar, isSeq, type LineCounter, type Node, type Pair } from 'yaml'

export interface Position {
  /** Counted from 1. */
  readonly line: number
  /** Counted from 1, in UTF-16 units. */
  readonly column: number
}

/**
 * Where the value at `path` is written, or its key with `atKey`. What is not in the file (a missing key, a default) is
 * found at the nearest thing around it that is; the root is the first line. `within` counts characters into a scalar,
 * and is followed only where the scalar is written as it reads.
 */
export function positionOf(
  document: Document,
  lines: LineCounter,
  path: readonly PropertyKey[],
  where: { atKey?: boolean; within?: number } = {},
): Position {
  let node = document.contents as Node | null
  let offset = startOf(node) ?? 0
  for (const [depth, key] of path.entries()) {
    const last = depth === path.length - 1
    if (isMap(node)) {
      const pair = node.items.find((item) => keyText(item) === String(key))
      if (!pair) return at(lines, offset)
      const keyStart = startOf(pair.key as Node | null) ?? offset
      node = pair.value as Node | null
      // An empty value stands after the colon, where there is nothing to look at.
      const empty = isScalar(node) && node.value === null && !node.source
      offset = (last && where.atKey) || empty ? keyStart : nested(node, keyStart)
      if (!last) offset = keyStart
    } else if (isSeq(node) && typeof key === 'number') {
      node = (node.items[key] as Node | undefined) ?? null
      offset = startOf(node) ?? offset
    } else return at(lines, offset)
  }
  if (where.within !== undefined && isScalar(node)) offset += startWithin(node, where.within)
  return at(lines, offset)
}

/** A block under a key is best pointed at by its key. */
function nested(node: Node | null, keyStart: number): number {
  return isScalar(node) || (node && 'flow' in node && node.flow) ? (startOf(node) ?? keyStart) : keyStart
}

function startWithin(node: Node & { source?: string; type?: string }, within: number): number {
  const quoted = node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE'
  const [start, end] = node.range ?? [0, 0]
  const asWritten = node.source !== undefined && end - start === node.source.length + (quoted ? 2 : 0)
  return asWritten && (quoted || node.type === 'PLAIN') ? within + (quoted ? 1 : 0) : 0
}

function startOf(node: Node | null | undefined): number | undefined {
  return node?.range?.[0]
}

function keyText(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : String(pair.key)
}

function at(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset)
  return { line, column: col }
}
