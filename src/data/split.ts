import { createHash, hash } from 'node:crypto'
import type { SplitDescriptor, SplitSpec } from './contract.ts'
import { SplitEmpty, TimeUnreadable } from './errors.ts'

const PARTS = ['train', 'validation', 'test'] as const
type Part = (typeof PARTS)[number]

/** Numbers of the rows, from 0, in each part. Rows without a label are in none. */
export type SplitRows = Readonly<Record<Part, Int32Array>>

export interface SplitInput {
  /** Class indices or values; NaN where the label is not known. */
  target: Float64Array
  /** Milliseconds since 1970; needed by a split by time. */
  time?: Float64Array | undefined
  /** Place of the row's key in [0, 1) (see `placeOfKey`), NaN where it has none; needed by a split by group or hash. */
  places?: Float64Array | undefined
}

/**
 * Parts the labelled rows; every one falls into exactly one part, and the same rows and rule give the same parts.
 *
 * - `time`: the oldest rows train, the newest test; rows of the same time stay together.
 * - `random`: each row by a hash of the seed and its number, so a row keeps its part when more rows are appended.
 * - `stratified`: as `random`, but the shares hold within each class.
 * - `hash`: each row by a hash of the seed and its key, so a key keeps its part in every version.
 * - `group`: groups in the order of that hash, cut where the shares of rows are closest; no group is in two parts.
 *   A row without a key is a group of its own.
 *
 * @throws SplitEmpty, TimeUnreadable
 */
export function splitRows(input: SplitInput, spec: SplitSpec): { rows: SplitRows; descriptor: SplitDescriptor } {
  const labelled = labelledRows(input.target)
  const { rows, boundaries = null } = partsOf(labelled, input, spec)
  for (const part of PARTS) if (rows[part].length === 0) throw new SplitEmpty(part, labelled.length, spec.by)
  const { by, column, seed, train, validation, test } = spec
  // Without a column the rule reads as it always did: hashes of versions depend on it.
  const rule = { by, ...(column !== undefined && { column }), seed, shares: { train, validation, test } }
  return {
    rows,
    descriptor: {
      ...rule,
      rows: {
        train: rows.train.length,
        validation: rows.validation.length,
        test: rows.test.length,
        unlabelled: input.target.length - labelled.length,
      },
      boundaries,
      hash: hashOf(rule, rows),
    },
  }
}

function partsOf(
  labelled: Int32Array,
  { target, time, places }: SplitInput,
  spec: SplitSpec,
): { rows: SplitRows; boundaries?: SplitDescriptor['boundaries'] } {
  switch (spec.by) {
    case 'time':
      return splitByTime(labelled, time!, spec)
    case 'random':
      return { rows: splitByPlace(labelled, (row) => placeOf(spec.seed, row), spec) }
    case 'stratified':
      return { rows: splitByClass(labelled, target, spec) }
    case 'hash':
      return { rows: splitByPlace(labelled, placeOfKeyed(places!, spec.seed), spec) }
    case 'group':
      return { rows: splitByGroup(labelled, placeOfKeyed(places!, spec.seed), spec) }
  }
}

function labelledRows(target: Float64Array): Int32Array {
  const rows = new Int32Array(target.length)
  let found = 0
  for (let row = 0; row < target.length; row++) if (!Number.isNaN(target[row]!)) rows[found++] = row
  return found === rows.length ? rows : rows.slice(0, found)
}

function splitByTime(labelled: Int32Array, time: Float64Array, spec: SplitSpec) {
  const unknown = labelled.find((row) => Number.isNaN(time[row]!))
  if (unknown !== undefined) throw new TimeUnreadable('time', { file: 'the table', row: unknown + 1 }, null)
  const ordered = isOrdered(labelled, time) ? labelled : labelled.slice().sort((a, b) => time[a]! - time[b]! || a - b)
  const at = (row: number) => time[ordered[row]!]!
  const cut = (share: number) => {
    let place = Math.round(ordered.length * share)
    // Rows of one moment know of each other: none may train while another tests.
    while (place > 0 && place < ordered.length && at(place) === at(place - 1)) place--
    return place
  }
  const validation = cut(spec.train)
  const test = cut(spec.train + spec.validation)
  const rows = {
    train: ordered.slice(0, validation),
    validation: ordered.slice(validation, test),
    test: ordered.slice(test),
  }
  const boundaries = test < ordered.length ? { validation: at(validation), test: at(test) } : null
  return { rows, boundaries }
}

function isOrdered(rows: Int32Array, time: Float64Array): boolean {
  for (let i = 1; i < rows.length; i++) if (time[rows[i]!]! < time[rows[i - 1]!]!) return false
  return true
}

function splitByPlace(labelled: Int32Array, place: (row: number) => number, spec: SplitSpec): SplitRows {
  const test = spec.train + spec.validation
  return rowsIn(labelled, partsAt(labelled, place, spec.train, test))
}

function placeOfKeyed(places: Float64Array, seed: number): (row: number) => number {
  return (row) => (Number.isNaN(places[row]!) ? placeOf(seed, row) : places[row]!)
}

/** Two groups at the same place, which one in 10^5 tables of a million groups has, are treated as one. */
function splitByGroup(labelled: Int32Array, place: (row: number) => number, spec: SplitSpec): SplitRows {
  const ordered = new Float64Array(labelled.length)
  for (let i = 0; i < labelled.length; i++) ordered[i] = place(labelled[i]!)
  ordered.sort()
  const cut = (share: number) => {
    const wanted = Math.round(ordered.length * share)
    let [below, above] = [wanted, wanted]
    while (below > 0 && ordered[below] === ordered[below - 1]) below--
    while (above < ordered.length && above > 0 && ordered[above] === ordered[above - 1]) above++
    return ordered[wanted - below <= above - wanted ? below : above] ?? 1
  }
  const [validation, test] = [cut(spec.train), cut(spec.train + spec.validation)]
  return rowsIn(labelled, partsAt(labelled, place, validation, test))
}

/** In arrays of numbers throughout: a table may have more rows than a `Map` has room for. */
function splitByClass(labelled: Int32Array, target: Float64Array, spec: SplitSpec): SplitRows {
  const sizes = new Map<number, number>()
  for (const row of labelled) sizes.set(target[row]!, (sizes.get(target[row]!) ?? 0) + 1)
  const next = new Map<number, number>()
  let before = 0
  for (const [value, size] of sizes) {
    next.set(value, before)
    before += size
  }
  // Per row its place above its number among the labelled: sorted as one whole number (on little-endian machines, which all of ours are).
  const words = new Uint32Array(2 * labelled.length)
  for (let i = 0; i < labelled.length; i++) {
    const row = labelled[i]!
    const at = next.get(target[row]!)!
    next.set(target[row]!, at + 1)
    words[2 * at] = i
    words[2 * at + 1] = bitsOf(spec.seed, row)
  }
  const parts = new Uint8Array(labelled.length)
  let first = 0
  for (const size of sizes.values()) {
    new BigUint64Array(words.buffer, first * 8, size).sort()
    const validation = Math.round(size * spec.train)
    const test = Math.round(size * (spec.train + spec.validation))
    for (let k = 0; k < size; k++) parts[words[2 * (first + k)]!] = partAt(k, validation, test)
    first += size
  }
  return rowsIn(labelled, parts)
}

/** In a loop: `from` would make a list of all rows first, of eight bytes each. */
function partsAt(rows: Int32Array, place: (row: number) => number, validation: number, test: number): Uint8Array {
  const parts = new Uint8Array(rows.length)
  for (let i = 0; i < rows.length; i++) parts[i] = partAt(place(rows[i]!), validation, test)
  return parts
}

/** The part of a place as its number in `PARTS`, by where validation and test begin. */
const partAt = (at: number, validation: number, test: number) => (at < validation ? 0 : at < test ? 1 : 2)

/** @param parts for each of the labelled rows the number of its part in `PARTS` */
function rowsIn(labelled: Int32Array, parts: Uint8Array): SplitRows {
  const sizes = [0, 0, 0]
  for (const part of parts) sizes[part]!++
  const [train, validation, test] = sizes.map((size) => new Int32Array(size)) as [Int32Array, Int32Array, Int32Array]
  const rows = [train, validation, test]
  const filled = [0, 0, 0]
  for (let i = 0; i < parts.length; i++) rows[parts[i]!]![filled[parts[i]!]!++] = labelled[i]!
  return { train, validation, test }
}

/**
 * A place in [0, 1) that depends on seed and key only: the first 48 bits of sha256("seed:key"), so that anybody can tell
 * elsewhere which part a key is in. `placeOfKeySql` is the same for DuckDB.
 */
export function placeOfKey(seed: number, key: string): number {
  return Number.parseInt(hash('sha256', `${seed}:${key}`, 'hex').slice(0, 12), 16) / 2 ** 48
}

/** @param key SQL of the key as text */
export function placeOfKeySql(seed: number, key: string): string {
  return `CAST('0x' || substr(sha256('${seed}:' || ${key}), 1, 12) AS BIGINT) / 281474976710656.0`
}

/** A place in [0, 1) that depends on seed and row only. */
function placeOf(seed: number, row: number): number {
  return bitsOf(seed, row) / 0x1_0000_0000
}

/** 32 bits of seed and row: two rounds of MurmurHash3's finalizer (A. Appleby, 2011). */
function bitsOf(seed: number, row: number): number {
  return mix(mix(seed ^ 0x9e3779b9) ^ row)
}

function mix(value: number): number {
  let h = value
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

function hashOf(rule: Pick<SplitDescriptor, 'by' | 'column' | 'seed' | 'shares'>, rows: SplitRows): string {
  const digest = createHash('sha256').update(`orrery-split-1\n${JSON.stringify(rule)}\n`)
  for (const part of PARTS) {
    digest.update(`${rows[part].length}\n`)
    digest.update(new Uint8Array(rows[part].buffer, rows[part].byteOffset, rows[part].byteLength))
  }
  return `sha256:${digest.digest('hex')}`
}
