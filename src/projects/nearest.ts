/**
 * The name in `names` that `wrong` was most likely meant to be, or `undefined` when none is near. Near is an edit
 * distance of at most a third of the longer name, so `lable` finds `label` and `gates` does not find `data`;
 * a name that holds the other as a whole word (`alert` and `alert_if`) is near too. Of two that are equally near, the one
 * with the same letters was meant: `lable` is `label`, not `table`.
 */
export function nearestName(wrong: string, names: Iterable<string>): string | undefined {
  const asked = plain(wrong)
  let best: string | undefined
  let bestDistance = Number.POSITIVE_INFINITY
  for (const name of names) {
    const candidate = plain(name)
    const longer = Math.max(asked.length, candidate.length)
    const distance = editDistance(asked, candidate)
    const near = distance <= Math.max(1, Math.floor(longer / 3))
    const swapped = near && letters(asked) === letters(candidate) ? 0.5 : 0
    const score = near ? distance - swapped : sharesWords(asked, candidate) ? longer : Number.POSITIVE_INFINITY
    if (score < bestDistance) {
      best = name
      bestDistance = score
    }
  }
  return best
}

/** `Did you mean "label"?`, or nothing. */
export function suggestion(wrong: string, names: Iterable<string>): string | undefined {
  const name = nearestName(wrong, names)
  return name === undefined ? undefined : `Did you mean "${name}"?`
}

// Names longer than this are not typed by hand; the cap bounds the quadratic distance on hostile input.
const LONGEST = 64

function plain(name: string): string {
  return name.slice(0, LONGEST).toLowerCase().replaceAll('-', '_')
}

const letters = (name: string) => [...name].sort().join('')

function sharesWords(a: string, b: string): boolean {
  const [shorter, longer] = a.length < b.length ? [a, b] : [b, a]
  return shorter.length >= 2 && `_${longer}_`.includes(`_${shorter}_`)
}

/** Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours cost one each. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitution = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      row[j] = Math.min(row[j - 1]! + 1, last[j]! + 1, substitution)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (swapped) row[j] = Math.min(row[j]!, beforeLast[j - 2]! + 1)
    }
    beforeLast = last
    last = row
  }
  return last[b.length]!
}
