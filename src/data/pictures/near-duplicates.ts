/** A picture as others are compared with it. */
export interface Look {
  /** 64 bits in two halves: see `perceptualHash`. */
  readonly high: number
  readonly low: number
  /** Luma of 16 × 16 parts. */
  readonly parts: Uint8Array
}

/** Pictures that look the same, by their places in the list. */
export interface LookAlikes {
  readonly members: readonly number[]
  /** Bits by which the first and another one differ at most. */
  readonly distance: number
}

/** Of 64 bits; copies that were compressed and scaled differ by fewer, other pictures by 20 and more. */
const MOST_BITS = 6
/** Pearson's correlation of the 16 × 16 parts: simple pictures may hash alike and look different. */
const LEAST_CORRELATION = 0.97
/** Two hashes that differ by at most six bits agree in at least one of seven bands. */
const BANDS: readonly (readonly [from: number, bits: number])[] = [
  [0, 10],
  [10, 9],
  [19, 9],
  [28, 9],
  [37, 9],
  [46, 9],
  [55, 9],
]
/** Half a minute of comparing; whole sets of one picture would be compared for ever. */
const MOST_COMPARED = 400_000_000

/**
 * Groups of pictures that look the same: hashes at most six bits apart are candidates, found by the bands they share
 * (Norouzi, Punjani and Fleet, 2012), and kept where the pictures themselves correlate.
 *
 * @returns groups in the order of their first members; `complete` is false when there were too many to compare
 */
export function findLookAlikes(looks: readonly Look[]): { groups: LookAlikes[]; complete: boolean } {
  const correlation = correlationOf(looks.map(({ parts }) => parts))
  const group = openUnion(looks.length)
  // Those of one hash are compared with the first of it only.
  const firsts = new Map<string, number>()
  const distinct: number[] = []
  looks.forEach(({ high, low }, i) => {
    const key = `${high} ${low}`
    const first = firsts.get(key)
    if (first === undefined) {
      firsts.set(key, i)
      distinct.push(i)
    } else if (correlation(first, i) >= LEAST_CORRELATION) group.join(first, i)
  })
  let left = MOST_COMPARED
  for (const [from, bits] of BANDS) {
    const buckets = Map.groupBy(distinct, (i) => bandOf(looks[i]!, from, bits))
    for (const bucket of buckets.values())
      for (let a = 0; a < bucket.length && left > 0; a++)
        for (let b = a + 1; b < bucket.length; b++) {
          left--
          const [i, j] = [bucket[a]!, bucket[b]!]
          if (bitsApart(looks[i]!, looks[j]!) > MOST_BITS || group.same(i, j)) continue
          if (correlation(i, j) >= LEAST_CORRELATION) group.join(i, j)
        }
  }
  const groups = group.all().map((members) => ({
    members,
    distance: Math.max(...members.map((one) => bitsApart(looks[members[0]!]!, looks[one]!))),
  }))
  return { groups, complete: left > 0 }
}

export function bitsApart(a: Look, b: Look): number {
  return bitsIn((a.high ^ b.high) >>> 0) + bitsIn((a.low ^ b.low) >>> 0)
}

/** Ones in 32 bits (H. Warren, Hacker's Delight, 5-1). */
function bitsIn(value: number): number {
  let v = value - ((value >>> 1) & 0x55555555)
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333)
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

/** Bits `from` to `from + bits` of 64, counted from the highest. */
function bandOf({ high, low }: Look, from: number, bits: number): number {
  const mask = 2 ** bits - 1
  const end = from + bits
  if (end <= 32) return (high >>> (32 - end)) & mask
  if (from >= 32) return (low >>> (64 - end)) & mask
  return ((high << (end - 32)) | (low >>> (64 - end))) & mask
}

/**
 * Pearson's correlation of two of many, by their numbers. Of each only its bytes and two numbers are held: a hundred thousand
 * pictures must fit. A picture without contrast correlates with none.
 */
function correlationOf(all: readonly Uint8Array[]): (i: number, j: number) => number {
  const means = new Float64Array(all.length)
  const lengths = new Float64Array(all.length)
  all.forEach((parts, i) => {
    let sum = 0
    let squares = 0
    for (let k = 0; k < parts.length; k++) {
      sum += parts[k]!
      squares += parts[k]! ** 2
    }
    means[i] = sum / parts.length
    lengths[i] = Math.sqrt(Math.max(0, squares - (sum * sum) / parts.length))
  })
  return (i, j) => {
    const length = lengths[i]! * lengths[j]!
    if (length === 0) return 0
    const [a, b] = [all[i]!, all[j]!]
    let sum = 0
    for (let k = 0; k < a.length; k++) sum += a[k]! * b[k]!
    return (sum - a.length * means[i]! * means[j]!) / length
  }
}

/** Sets that are joined: each member points to another one, the first of a set to itself. */
function openUnion(size: number) {
  const above = Int32Array.from({ length: size }, (_, i) => i)
  const top = (member: number): number => {
    let at = member
    while (above[at] !== at) at = above[at] = above[above[at]!]!
    return at
  }
  return {
    same: (a: number, b: number) => top(a) === top(b),
    join: (a: number, b: number) => {
      const [first, second] = [top(a), top(b)]
      above[Math.max(first, second)] = Math.min(first, second)
    },
    all: (): number[][] => {
      const members = Map.groupBy(above.keys(), top)
      return [...members.values()].filter((one) => one.length > 1)
    },
  }
}
