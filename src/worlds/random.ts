/**
 * A small seeded generator, so that a simulated world is the same on every machine and in every year.
 * xoshiro128** (Blackman & Vigna 2018, public domain), its state filled by splitmix32 from the seed and a stream number.
 */
export class Random {
  #a: number
  #b: number
  #c: number
  #d: number

  /** @param stream an independent sequence for each number: row 7 draws the same whatever row 6 drew. */
  constructor(seed: number, stream = 0) {
    const next = splitmix32(Math.imul(seed | 0, 0x9e3779b1) ^ Math.imul(stream | 0, 0x85ebca6b))
    this.#a = next()
    this.#b = next()
    this.#c = next()
    this.#d = next() | 1 // the state must not be all zero
  }

  /** Uniform in [0, 1), 32 bits. */
  uniform(): number {
    const result = Math.imul(rotateLeft(Math.imul(this.#b, 5), 7), 9) >>> 0
    const shifted = this.#b << 9
    this.#c ^= this.#a
    this.#d ^= this.#b
    this.#b ^= this.#c
    this.#a ^= this.#d
    this.#c ^= shifted
    this.#d = rotateLeft(this.#d, 11)
    return result / 0x1_0000_0000
  }

  /** True with probability `p`. */
  chance(p: number): boolean {
    return this.uniform() < p
  }

  /** Integer uniform in 0 … n−1. */
  below(n: number): number {
    return Math.floor(this.uniform() * n)
  }

  /** Standard normal (Box–Muller, the cosine half: two draws each time, so the sequence stays aligned). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()))
    return radius * Math.cos(2 * Math.PI * this.uniform())
  }

  /** Exponential with the given mean. */
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.uniform())
  }

  /** Poisson with the given mean, by inversion of one uniform draw; meant for means below about 20. */
  poisson(mean: number): number {
    const u = this.uniform()
    let term = Math.exp(-mean)
    let cumulated = term
    let count = 0
    // The bound only matters where rounding keeps `cumulated` just under a `u` next to 1.
    while (u > cumulated && count < 200) {
      count++
      term *= mean / count
      cumulated += term
    }
    return count
  }

  /** One key of `weights`, each with a probability in proportion to its weight. */
  pick<Key extends string>(weights: Readonly<Record<Key, number>>): Key {
    const keys = Object.keys(weights) as Key[]
    let left = this.uniform() * keys.reduce((sum, key) => sum + weights[key], 0)
    for (const key of keys) {
      left -= weights[key]
      if (left < 0) return key
    }
    return keys[keys.length - 1]!
  }
}

function rotateLeft(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits))
}

function splitmix32(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x9e3779b9) | 0
    let z = state ^ (state >>> 16)
    z = Math.imul(z, 0x21f0aaad)
    z ^= z >>> 15
    z = Math.imul(z, 0x735a2d97)
    return z ^ (z >>> 15)
  }
}
