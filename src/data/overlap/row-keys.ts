/**
 * Keys of 64 bits of rows that are looked at, and which rows of earlier parts share them. Other rows pass by and leave
 * nothing: memory grows with the rows that are looked at only.
 */
export class RowKeys {
  readonly #low: Uint32Array
  readonly #high: Uint32Array
  /** Per slot 1 where it is taken, and the first row of each earlier part with its key, plus one; 0: none. */
  readonly #taken: Uint8Array
  readonly #firsts: readonly Int32Array[]
  readonly #mask: number
  readonly #different = new Different()
  #seen = 0

  /** @param keys of the rows that are looked at, low and high half in turn */
  constructor(keys: Uint32Array, earlierParts: number) {
    const slots = 2 ** Math.ceil(Math.log2(keys.length + 2))
    this.#mask = slots - 1
    this.#low = new Uint32Array(slots)
    this.#high = new Uint32Array(slots)
    this.#taken = new Uint8Array(slots)
    this.#firsts = Array.from({ length: earlierParts }, () => new Int32Array(slots))
    for (let i = 0; i < keys.length; i += 2) {
      const slot = this.#slotOf(keys[i]!, keys[i + 1]!)
      this.#taken[slot] = 1
      this.#low[slot] = keys[i]!
      this.#high[slot] = keys[i + 1]!
    }
  }

  /** A row of an earlier part; in the order of the rows. */
  pass(low: number, high: number, part: number, row: number): void {
    if (part === 0) {
      this.#seen++
      this.#different.add(low, high)
    }
    const slot = this.#slotOf(low, high)
    const firsts = this.#firsts[part]!
    if (this.#taken[slot] === 1 && firsts[slot] === 0) firsts[slot] = row + 1
  }

  /** The first row of the first part before `part` that has this key. */
  firstBefore(low: number, high: number, part: number): { part: number; row: number } | undefined {
    const slot = this.#slotOf(low, high)
    for (let earlier = 0; earlier < Math.min(part, this.#firsts.length); earlier++) {
      const first = this.#firsts[earlier]![slot]!
      if (first > 0) return { part: earlier, row: first - 1 }
    }
    return undefined
  }

  /** Whether keys hardly tell rows of the first part apart: half of them or more are alike. */
  get coarse(): boolean {
    return this.#different.estimate() < this.#seen / 2
  }

  /** Where the key is, or would be. Keys are hashes already. */
  #slotOf(low: number, high: number): number {
    let slot = low & this.#mask
    while (this.#taken[slot] === 1 && (this.#low[slot] !== low || this.#high[slot] !== high))
      slot = (slot + 1) & this.#mask
    return slot
  }
}

const INDEX_BITS = 12
const REGISTERS = 2 ** INDEX_BITS

/** How many different keys have passed, within 2 %: HyperLogLog (Flajolet, Fusy, Gandouet & Meunier 2007). */
class Different {
  readonly #longest = new Uint8Array(REGISTERS)

  add(low: number, high: number): void {
    const register = low & (REGISTERS - 1)
    const zeros = Math.clz32(high) + 1
    if (zeros > this.#longest[register]!) this.#longest[register] = zeros
  }

  estimate(): number {
    let [sum, empty] = [0, 0]
    for (const longest of this.#longest) {
      sum += 2 ** -longest
      if (longest === 0) empty++
    }
    const raw = (0.7213 / (1 + 1.079 / REGISTERS)) * (REGISTERS ** 2 / sum)
    // Few keys are counted by the registers that none of them met.
    return raw <= 2.5 * REGISTERS && empty > 0 ? REGISTERS * Math.log(REGISTERS / empty) : raw
  }
}
