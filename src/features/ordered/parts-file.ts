import { closeSync, openSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { z } from 'zod'
import type { Part } from './part.ts'
import { bytesOf, readWhole, writeWhole } from './partitions.ts'

/** Where a part lies in its file, and what it must sum up to. */
export const PartPlace = z.strictObject({
  first: z.int().min(0),
  entities: z.int().min(0),
  rows: z.int().min(0),
  at: z.int().min(0),
  crc: z.int().min(0),
})
export type PartPlace = z.output<typeof PartPlace>

/** What was kept is not what was written: a disk that was full, a power cut, somebody’s hand. */
export class PartDamaged extends Error {}

/** Writes parts one after the other: where rows of each entity begin, then column after column, as the machine has numbers. */
export function openPartsFile(path: string): {
  write(part: Part): void
  close(): { places: PartPlace[]; bytes: number }
} {
  const descriptor = openSync(path, 'wx')
  const places: PartPlace[] = []
  let at = 0
  return {
    write: (part) => {
      const pieces = [startsOf(part), ...part.columns].map(bytesOf)
      const place = { first: part.first, entities: part.starts.length - 1, rows: part.columns[0]!.length, at }
      for (const piece of pieces) {
        writeWhole(descriptor, piece, at)
        at += piece.length
      }
      places.push({ ...place, crc: pieces.reduce((sum, piece) => crc32(piece, sum), 0) })
    },
    close: () => {
      closeSync(descriptor)
      return { places, bytes: at }
    },
  }
}

/** An even number of them, so that what follows lies where doubles may. */
function startsOf({ starts }: Part): Int32Array {
  if (starts.length % 2 === 0) return starts
  const even = new Int32Array(starts.length + 1)
  even.set(starts)
  return even
}

/**
 * Reads parts, those that are wanted. One is good until the next: they share their memory.
 *
 * @param columns how many each has
 * @throws PartDamaged
 */
export function* readParts(
  path: string,
  places: readonly PartPlace[],
  columns: number,
  isWanted: (place: PartPlace) => boolean,
): Generator<Part> {
  const descriptor = openSync(path, 'r')
  try {
    const sizes = places.map((place) => sizeOf(place, columns))
    const memory = new ArrayBuffer(Math.max(0, ...sizes))
    for (const [i, place] of places.entries()) {
      if (!isWanted(place)) continue
      const bytes = new Uint8Array(memory, 0, sizes[i])
      if (!readWhole(descriptor, bytes, place.at) || crc32(bytes) !== place.crc) throw new PartDamaged()
      const { first, entities, rows } = place
      const from = evenly(entities + 1) * 4
      yield {
        first,
        starts: new Int32Array(memory, 0, entities + 1),
        columns: Array.from({ length: columns }, (_, k) => new Float64Array(memory, from + k * rows * 8, rows)),
      }
    }
  } finally {
    closeSync(descriptor)
  }
}

const evenly = (count: number) => count + (count % 2)
const sizeOf = ({ entities, rows }: PartPlace, columns: number) => evenly(entities + 1) * 4 + rows * columns * 8
