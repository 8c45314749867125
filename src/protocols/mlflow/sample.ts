/**
 * At most `most` of the items: the first of each of as many pieces of the same length, and the last of all, so that a
 * chart starts and ends where the history does.
 */
export function evenly<Item>(items: readonly Item[], most: number): Item[] {
  if (items.length <= most) return [...items]
  // The first pieces take one more each, as NTILE of SQL has it.
  const length = Math.floor(items.length / most)
  const longer = items.length % most
  const sampled = Array.from({ length: most }, (_, piece) => items[piece * length + Math.min(piece, longer)]!)
  sampled[most - 1] = items.at(-1)!
  return sampled
}
