/** Pictures as they are compared with each other: columns, because there may be millions. */
export interface Looks {
  /** 64 bits of each, in two halves: see `perceptualHash`. */
  readonly high: Uint32Array
  readonly low: Uint32Array
  /** Luma of 16 × 16 parts of so many of them, one after the other. Asked for where hashes are close, and for some again. */
  parts(from: number, many: number): Iterable<Uint8Array>
}

/** Of 64 bits; copies that were compressed and scaled differ by fewer, other pictures by 20 and more. */
const MOST_BITS = 6
/** Pearson's correlation of the 16 × 16 parts: simple pictures may hash alike and look different. */
const LEAST_CORRELATION = 0.97
/** Two hashes that differ by at most six bits differ by at most one in one of four bands of sixteen. */
const BANDS = 4
const KEYS = 1 << 16
/** Some seconds of comparing; whole sets of nearly one picture would be compared for ever. */
const MOST_COMPARED = 1_000_000_000
/** Pictures whose parts are held, of 256 bytes each: 64 MiB. */
const HELD = 1 << 18
const PARTS = 256
/** Read together: where one has a double, those beside it have some, too. */
const BESIDE = 16

/**
 * Groups of pictures that look the same: hashes at most six bits apart are candidates, found by the bands they share but for
 * a bit (multi-index hashing: Norouzi, Punjani and Fleet, 2012), and kept where the pictures themselves correlate.
 *
 * @returns of each picture the first of its group, itself where it is alone; `complete` is false when there were too many to compare
 */
export function findLookAlikes(looks: Looks): { firsts: Uint32Array; complete: boolean } {
  const { high, low } = looks
  const correlation = correlationOf(looks)
  const group = openUnion(high.length)
  const distinct = inOrderOfHashes(looks)
  // Those of one hash are compared with the first of it only.
  let kept = 0
  for (let at = 0; at < distinct.length; at++) {
    const [i, first] = [distinct[at]!, distinct[kept - 1]]
    if (first === undefined || high[first] !== high[i] || low[first] !== low[i]) distinct[kept++] = i
    else if (correlation(first, i) >= LEAST_CORRELATION) group.join(first, i)
  }
  const complete = eachCandidate(looks, distinct.subarray(0, kept), (i, j) => {
    if (!group.same(i, j) && correlation(i, j) >= LEAST_CORRELATION) group.join(i, j)
  })
  return { firsts: group.all(), complete }
}

/** Bits by which two hashes differ. */
export function bitsApart(a: { high: number; low: number }, b: { high: number; low: number }): number {
  return bitsIn(a.high ^ b.high) + bitsIn(a.low ^ b.low)
}

/** Pictures by their hashes; those of one hash in their own order. */
function inOrderOfHashes({ high, low }: Looks): Uint32Array {
  return Uint32Array.from(high.keys()).sort((a, b) => high[a]! - high[b]! || low[a]! - low[b]! || a - b)
}

/**
 * Tells of all pairs whose hashes are at most six bits apart, of some more than once.
 *
 * @returns whether it came to the end
 */
function eachCandidate({ high, low }: Looks, pictures: Uint32Array, tell: (i: number, j: number) => void): boolean {
  const count = pictures.length
  const starts = new Uint32Array(KEYS + 1)
  // In the order of their keys: a bucket is read as it lies.
  const who = new Uint32Array(count)
  const highs = new Uint32Array(count)
  const lows = new Uint32Array(count)
  let left = MOST_COMPARED
  for (let band = 0; band < BANDS; band++) {
    const half = band < 2 ? high : low
    const shift = band % 2 === 0 ? 16 : 0
    const keyOf = (i: number) => (half[i]! >>> shift) & 0xffff
    starts.fill(0)
    for (const i of pictures) starts[keyOf(i) + 1]!++
    for (let key = 0; key < KEYS; key++) starts[key + 1]! += starts[key]!
    const free = starts.slice()
    for (const i of pictures) {
      const at = free[keyOf(i)]!++
      who[at] = i
      highs[at] = high[i]!
      lows[at] = low[i]!
    }
    for (let at = 0; at < count; at++) {
      const [i, h, l] = [who[at]!, highs[at]!, lows[at]!]
      const key = keyOf(i)
      for (let bit = -1; bit < 16; bit++) {
        const near = bit < 0 ? key : key ^ (1 << bit)
        // Every pair once: the other one sees it from its side.
        if (near > key) continue
        const end = near === key ? at : starts[near + 1]!
        const from = starts[near]!
        left -= end - from
        for (let other = from; other < end; other++)
          if (bitsIn(highs[other]! ^ h) + bitsIn(lows[other]! ^ l) <= MOST_BITS) tell(i, who[other]!)
      }
      if (left < 0) return false
    }
  }
  return true
}

/** Ones in 32 bits (H. Warren, Hacker's Delight, 5-1). */
function bitsIn(value: number): number {
  let v = value - ((value >>> 1) & 0x55555555)
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333)
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

/**
 * Pearson's correlation of two of many, by their numbers. Only so many are held as fit: the place of another one is taken. A
 * picture without contrast correlates with none.
 */
function correlationOf({ high, parts }: Looks): (i: number, j: number) => number {
  const count = high.length
  const places = Math.min(HELD, count)
  const held = new Uint8Array(places * PARTS)
  const means = new Float64Array(places)
  const lengths = new Float64Array(places)
  const whose = new Int32Array(places).fill(-1)
  function placeOf(picture: number): number {
    const place = picture % places
    if (whose[place] === picture) return place
    const from = picture - (picture % BESIDE)
    let at = from
    for (const own of parts(from, Math.min(BESIDE, count - from))) hold(at++, own)
    return place
  }
  function hold(picture: number, own: Uint8Array): void {
    const place = picture % places
    let sum = 0
    let squares = 0
    for (let k = 0; k < PARTS; k++) {
      sum += own[k]!
      squares += own[k]! * own[k]!
    }
    held.set(own, place * PARTS)
    means[place] = sum / PARTS
    lengths[place] = Math.sqrt(Math.max(0, squares - (sum * sum) / PARTS))
    whose[place] = picture
  }
  const aside = new Uint8Array(PARTS)
  return (i, j) => {
    const a = placeOf(i)
    const [mean, length] = [means[a]!, lengths[a]!]
    let first = held.subarray(a * PARTS, (a + 1) * PARTS)
    if (i !== j && i % places === j % places) {
      aside.set(first)
      first = aside
    }
    const b = placeOf(j)
    if (length * lengths[b]! === 0) return 0
    let sum = 0
    for (let k = 0, at = b * PARTS; k < PARTS; k++, at++) sum += first[k]! * held[at]!
    return (sum - PARTS * mean * means[b]!) / (length * lengths[b]!)
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
    all: () => Uint32Array.from(above, (_, member) => top(member)),
  }
}
