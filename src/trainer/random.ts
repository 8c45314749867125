/**
 * A small seeded generator (mulberry32, T. Ettinger, public domain): 32 bits of state are plenty for choosing rows,
 * columns and hyperparameters, and the same seed gives the same numbers on every machine.
 *
 * @returns a function giving numbers in [0, 1)
 */
export function seededRandom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/**
 * `count` of the numbers 0 … `total`-1, ascending, each subset equally likely
 * (selection sampling: Knuth, The Art of Computer Programming, vol. 2, algorithm S).
 */
export function sampleIndices(random: () => number, total: number, count: number): Int32Array {
  const chosen = new Int32Array(count)
  if (count === total) return chosen.map((_, i) => i)
  let taken = 0
  for (let i = 0; taken < count; i++) {
    if ((total - i) * random() < count - taken) chosen[taken++] = i
  }
  return chosen
}
