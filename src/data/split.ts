import { createHash } from 'node:crypto'
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
}

/**
 * Parts the labelled rows; every one falls into exactly one part, and the same rows and rule give the same parts.
 *
 * - `time`: the oldest rows train, the newest test; rows of the same time stay together.
 * - `random`: each row by a hash of the seed and its number, so a row keeps its part when more rows are appended.
 * - `stratified`: as `random`, but the shares hold within each class.
 *
 * @throws SplitEmpty, TimeUnreadable
 */
export function splitRows(input: SplitInput, spec: SplitSpec): { rows: SplitRows; descriptor: SplitDescriptor } {
  const labelled = labelledRows(input.target)
  const { rows, boundaries } =
    spec.by === 'time'
      ? splitByTime(labelled, input.time!, spec)
      : {
          rows: spec.by === 'random' ? splitAtRandom(labelled, spec) : splitByClass(labelled, input.target, spec),
          boundaries: null,
        }
  for (const part of PARTS) if (rows[part].length === 0) throw new SplitEmpty(part, labelled.length)
  const { by, seed, train, validation, test } = spec
  const rule = { by, seed, shares: { train, validation, test } }
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

function labelledRows(target: Float64Array): Int32Array {
  const rows = new Int32Array(target.length)
  let found = 0
  for (let row = 0; row < target.length; row++) if (!Number.isNaN(target[row]!)) rows[found++] = row
  return rows.slice(0, found)
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

function splitAtRandom(labelled: Int32Array, spec: SplitSpec): SplitRows {
  const partOf = (row: number): Part => {
    const place = placeOf(spec.seed, row)
    return place < spec.train ? 'train' : place < spec.train + spec.validation ? 'validation' : 'test'
  }
  return rowsWhere(labelled, partOf)
}

function splitByClass(labelled: Int32Array, target: Float64Array, spec: SplitSpec): SplitRows {
  const partOf = new Map<number, Part>()
  for (const members of Map.groupBy(labelled, (row) => target[row]!).values()) {
    members.sort((a, b) => placeOf(spec.seed, a) - placeOf(spec.seed, b) || a - b)
    const validation = Math.round(members.length * spec.train)
    const test = Math.round(members.length * (spec.train + spec.validation))
    members.forEach((row, i) => {
      partOf.set(row, i < validation ? 'train' : i < test ? 'validation' : 'test')
    })
  }
  return rowsWhere(labelled, (row) => partOf.get(row)!)
}

function rowsWhere(labelled: Int32Array, partOf: (row: number) => Part): SplitRows {
  const rows: Record<Part, number[]> = { train: [], validation: [], test: [] }
  for (const row of labelled) rows[partOf(row)].push(row)
  return {
    train: Int32Array.from(rows.train),
    validation: Int32Array.from(rows.validation),
    test: Int32Array.from(rows.test),
  }
}

/** A place in [0, 1) that depends on seed and row only: two rounds of MurmurHash3's finalizer (A. Appleby, 2011). */
function placeOf(seed: number, row: number): number {
  return mix(mix(seed ^ 0x9e3779b9) ^ row) / 0x1_0000_0000
}

function mix(value: number): number {
  let h = value
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

function hashOf(rule: Pick<SplitDescriptor, 'by' | 'seed' | 'shares'>, rows: SplitRows): string {
  const digest = createHash('sha256').update(`orrery-split-1\n${JSON.stringify(rule)}\n`)
  for (const part of PARTS) {
    digest.update(`${rows[part].length}\n`)
    digest.update(new Uint8Array(rows[part].buffer, rows[part].byteOffset, rows[part].byteLength))
  }
  return `sha256:${digest.digest('hex')}`
}
