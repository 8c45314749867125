import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import { newScratch, orderRecords, type Part, type Shape } from './part.ts'

/** Rows of a part: its records stay in the processor's cache while they are sorted. */
const ROWS_OF_A_PART = 32_768
const MOST_PARTS = 4_096
/** Records of a part that are gathered before they go to where its others are. */
const ROWS_OF_A_BLOCK = 1_024
/** Blocks are held side by side in pieces of so many numbers: few large arrays are less work to get and to let go. */
const SLAB = 2 ** 20

/** What is gathered beyond this goes to disk. */
const MOST_HELD_BYTES = 384 * 2 ** 20
/** One part is sorted in memory. */
const MOST_BYTES_OF_A_PART = 768 * 2 ** 20

/** Too many rows belong to few entities: they cannot be sorted in memory, part by part. */
export class PartTooLarge extends Error {}

/** Rows that come in any order, apart by entity. */
export interface Partitions {
  /** Adds rows, column by column in the shape's order. */
  add(columns: readonly Float64Array[], count: number): void
  /** The rows in order; once. A part is good until the next one. @throws PartTooLarge */
  parts(): Generator<Part>
  close(): void
}

type Block = Float64Array | { readonly at: number; readonly length: number }

/**
 * Takes rows apart by ranges of entities, so that each range can be sorted where memory is near.
 *
 * @param options.entities their numbers are 0 to this
 * @param options.rows about how many will come
 * @param options.spillTo folder for what does not fit memory
 */
export function openPartitions(options: {
  entities: number
  rows: number
  shape: Shape
  spillTo: string
  mostHeldBytes?: number | undefined
}): Partitions {
  const { entities, rows, shape, spillTo, mostHeldBytes = MOST_HELD_BYTES } = options
  const { width } = shape
  const parts = Math.min(MOST_PARTS, Math.max(1, Math.ceil(rows / ROWS_OF_A_PART)), Math.max(1, entities))
  // A power of two, so that the part of an entity is found by shifting.
  const shift = Math.max(0, Math.ceil(Math.log2(Math.max(1, entities) / parts)))
  const used = Math.ceil(Math.max(1, entities) / 2 ** shift)
  const size = ROWS_OF_A_BLOCK * width
  const open = new Float64Array(used * size)
  const fill = new Int32Array(used)
  const blocks: Block[][] = Array.from({ length: used }, () => [])
  const to = new Int32Array(8_192)
  let held = open.byteLength
  let slab = new Float64Array(0)
  let slabUsed = 0
  let spilled = 0
  let file: { descriptor: number; path: string } | undefined

  function put(part: number): void {
    const block = open.subarray(part * size, part * size + fill[part]! * width)
    if (held + block.byteLength > mostHeldBytes) blocks[part]!.push(spill(block))
    else blocks[part]!.push(hold(block))
    fill[part] = 0
  }

  function hold(block: Float64Array): Block {
    if (slabUsed + block.length > slab.length) {
      slab = new Float64Array(Math.max(SLAB, block.length))
      slabUsed = 0
    }
    const place = slab.subarray(slabUsed, slabUsed + block.length)
    place.set(block)
    slabUsed += block.length
    held += block.byteLength
    return place
  }

  function spill(block: Float64Array): Block {
    if (!file) {
      const path = join(spillTo, `orrery-parts-${randomUUID()}`)
      file = { descriptor: openSync(path, 'wx+'), path }
      // It is gone with the process, however that ends.
      rmSync(path)
    }
    const at = spilled
    writeWhole(file.descriptor, bytesOf(block), at)
    spilled += block.byteLength
    return { at, length: block.length }
  }

  /** Places for rows `from` to the one that it returns: until a block is full. */
  function placesFor(entity: Float64Array, from: number, count: number): { end: number; full: number } {
    for (let i = from; i < count; i++) {
      const part = entity[i]! >> shift
      const filled = fill[part]!
      to[i] = part * size + filled * width
      fill[part] = filled + 1
      if (filled + 1 === ROWS_OF_A_BLOCK) return { end: i + 1, full: part }
    }
    return { end: count, full: -1 }
  }

  return {
    add: (columns, count) => {
      for (let from = 0; from < count; ) {
        const { end, full } = placesFor(columns[0]!, from, count)
        for (let k = 0; k < width; k++) {
          const column = columns[k]!
          for (let i = from; i < end; i++) open[to[i]! + k] = column[i]!
        }
        if (full >= 0) put(full)
        from = end
      }
    },
    parts: function* () {
      const scratch = newScratch()
      let whole = new Float64Array(0)
      for (let part = 0; part < used; part++) {
        const lengths = blocks[part]!.reduce((sum, { length }) => sum + length, 0) + fill[part]! * width
        if (lengths * 8 > MOST_BYTES_OF_A_PART) throw new PartTooLarge()
        if (whole.length < lengths) whole = new Float64Array(lengths)
        let at = 0
        for (const block of blocks[part]!) {
          if (block instanceof Float64Array) whole.set(block, at)
          else readWhole(file!.descriptor, bytesOf(whole.subarray(at, at + block.length)), block.at)
          at += block.length
        }
        whole.set(open.subarray(part * size, part * size + fill[part]! * width), at)
        blocks[part] = []
        const range = [part * 2 ** shift, Math.min(entities, (part + 1) * 2 ** shift)] as const
        yield orderRecords({ cells: whole, count: lengths / width, shape }, range, { scratch })
      }
    },
    close: () => {
      if (file) closeSync(file.descriptor)
      file = undefined
    },
  }
}

export const bytesOf = (numbers: Float64Array | Int32Array) =>
  new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength)

/** A disk that is nearly full takes a part of what it is given. */
export function writeWhole(descriptor: number, bytes: Uint8Array, at: number): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done, bytes.length - done, at + done)
}

/** @returns whether there was as much */
export function readWhole(descriptor: number, bytes: Uint8Array, at: number): boolean {
  for (let done = 0; done < bytes.length; ) {
    const read = readSync(descriptor, bytes, done, bytes.length - done, at + done)
    if (read === 0) return false
    done += read
  }
  return true
}
