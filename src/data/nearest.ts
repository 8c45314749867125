/** The column that `wrong` was most likely meant to be: the fewest letters to change, at most a third of them. */
export function nearestColumn(wrong: string, columns: readonly string[]): string | undefined {
  const [asked, ...names] = [wrong, ...columns].map((name) => name.slice(0, LONGEST).toLowerCase())
  let best: { column: string; distance: number } | undefined
  names.forEach((name, i) => {
    const distance = editDistance(asked!, name)
    const near = distance <= Math.max(1, Math.floor(Math.max(asked!.length, name.length) / 3))
    if (near && distance < (best?.distance ?? Number.POSITIVE_INFINITY)) best = { column: columns[i]!, distance }
  })
  return best?.column
}

// The distance is quadratic, and nobody types longer names by hand.
const LONGEST = 64

/** Levenshtein's. */
function editDistance(a: string, b: string): number {
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const changed = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      row[j] = Math.min(row[j - 1]! + 1, last[j]! + 1, changed)
    }
    last = row
  }
  return last[b.length]!
}
