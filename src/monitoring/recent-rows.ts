/** A prediction as the monitors look at it. */
export interface ServedRow {
  readonly seq: number
  readonly id: string
  readonly version: number
  readonly route: 'stable' | 'canary'
  readonly eventTime: number
  readonly latencyMs: number
  readonly inputs: Readonly<Record<string, number | string | boolean | null>>
  readonly value: number
  /** Of a multiclass answer. */
  readonly probabilities: Readonly<Record<string, number>> | null
  /** What each version alone said. */
  readonly scores: Readonly<Record<string, number>>
  /** The ground truth, once it is known. */
  truth: string | null
}

/** Rows of one endpoint in memory: some 50 MB of ten features. Above it only every second row is kept, then every fourth. */
const MOST_ROWS = 50_000

/** The rows that the monitors' windows reach, in order of event time. */
export class RecentRows {
  #rows: ServedRow[] = []
  readonly #byId = new Map<string, ServedRow>()
  readonly #most: number
  #stride: number

  /** @param stride how many rows of the log one row here stands for */
  constructor(stride = 1, most = MOST_ROWS) {
    this.#stride = stride
    this.#most = most
  }

  get stride(): number {
    return this.#stride
  }

  get size(): number {
    return this.#rows.length
  }

  /** Whether half the stride would still fit with room to grow. */
  get isSparse(): boolean {
    return this.#stride > 1 && this.#rows.length < this.#most / 4
  }

  add(row: ServedRow): void {
    if (!isKept(row.seq, this.#stride)) return
    // Nearly always at the end; a row that comes late finds its place.
    let at = this.#rows.length
    while (at > 0 && this.#rows[at - 1]!.eventTime > row.eventTime) at--
    this.#rows.splice(at, 0, row)
    this.#byId.set(row.id, row)
    if (this.#rows.length > this.#most) this.#thin()
  }

  #thin(): void {
    this.#stride *= 2
    this.#keep(this.#rows.filter((row) => isKept(row.seq, this.#stride)))
  }

  #keep(rows: ServedRow[]): void {
    this.#rows = rows
    this.#byId.clear()
    for (const row of rows) this.#byId.set(row.id, row)
  }

  /** Notes the ground truth of a row and returns it; `undefined` when the row is not kept here. */
  label(id: string, truth: string): ServedRow | undefined {
    const row = this.#byId.get(id)
    if (row) row.truth = truth
    return row
  }

  /** Rows with an event time in [from, to). */
  between(from: number, to: number): readonly ServedRow[] {
    return this.#rows.slice(this.#firstAt(from), this.#firstAt(to))
  }

  forgetBefore(time: number): void {
    for (const row of this.#rows.splice(0, this.#firstAt(time))) this.#byId.delete(row.id)
  }

  /** The position of the first row at or after `time`. */
  #firstAt(time: number): number {
    let low = 0
    let high = this.#rows.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#rows[middle]!.eventTime < time) low = middle + 1
      else high = middle
    }
    return low
  }
}

/**
 * Which rows stand for the others: by a hash of the row's place in the log (Fibonacci hashing), so that a rebuilt window
 * holds the same rows, and those kept at a larger stride are among those kept at a smaller one.
 */
function isKept(seq: number, stride: number): boolean {
  return (Math.imul(seq, 0x9e3779b1) >>> 0) * stride < 2 ** 32
}
