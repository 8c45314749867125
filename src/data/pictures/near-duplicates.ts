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
  const shapes = looks.map(({ parts }) => standardised(parts))
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
    } else if (correlation(shapes[first]!, shapes[i]!) >= LEAST_CORRELATION) group.join(first, i)
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
          if (correlation(shapes[i]!, shapes[j]!) >= LEAST_CORRELATION) group.join(i, j)
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

/** With mean 0 and length 1: a product of two is their correlation. A picture without contrast correlates with none. */
function standardised(parts: Uint8Array): Float32Array {
  let mean = 0
  for (const part of parts) mean += part / parts.length
  let squares = 0
  for (const part of parts) squares += (part - mean) ** 2
  const length = Math.sqrt(squares)
  return Float32Array.from(parts, (part) => (length === 0 ? 0 : (part - mean) / length))
}

function correlation(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
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
