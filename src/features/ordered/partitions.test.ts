import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seeded } from '../plain-join.fixture.ts'
import type { Shape } from './part.ts'
import { openPartitions } from './partitions.ts'
import { openPartsFile, PartDamaged, readParts } from './parts-file.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orrery-parts-'))
})
afterAll(() => rm(folder, { recursive: true }))

const SHAPE: Shape = { width: 4, ties: 1, kept: [3] }

type Row = [entity: number, time: number, created: number, value: number]

/** Rows with many ties, in pieces as they would come from a table. */
function rowsOf(seed: number, { count, entities }: { count: number; entities: number }): Row[] {
  const random = seeded(seed)
  // One entity has a third of all rows, the others some.
  const entity = () => (random(3) === 0 ? 0 : random(entities))
  return Array.from({ length: count }, (_, i) => [entity(), random(60), random(4), i])
}

/** As few thoughts as possible: of each moment the row that is created last, of those the one that comes last. */
function plainOrder(rows: readonly Row[]): Row[] {
  const sorted = rows.toSorted((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2])
  return sorted.filter(([entity, time], i) => sorted[i + 1]?.[0] !== entity || sorted[i + 1]![1] !== time)
}

function fill(rows: readonly Row[], options: { entities: number; mostHeldBytes?: number; aPiece: number }) {
  const partitions = openPartitions({ ...options, rows: rows.length, shape: SHAPE, spillTo: folder })
  for (let from = 0; from < rows.length; from += options.aPiece) {
    const piece = rows.slice(from, from + options.aPiece)
    partitions.add(
      SHAPE_COLUMNS.map((k) => Float64Array.from(piece, (row) => row[k])),
      piece.length,
    )
  }
  return partitions
}

const SHAPE_COLUMNS = [0, 1, 2, 3] as const

function listed(parts: Iterable<{ first: number; starts: Int32Array; columns: readonly Float64Array[] }>) {
  const found: [number, number, number][] = []
  for (const { first, starts, columns } of parts)
    for (let i = 0; i < starts.length - 1; i++)
      for (let place = starts[i]!; place < starts[i + 1]!; place++)
        found.push([first + i, columns[0]![place]!, columns[1]![place]!])
  return found
}

describe('rows that come in any order', () => {
  it.each([
    { count: 0, entities: 3, held: undefined, aPiece: 2_048 },
    { count: 1, entities: 1, held: undefined, aPiece: 1 },
    { count: 3_000, entities: 7, held: undefined, aPiece: 2_048 },
    { count: 100_000, entities: 5_000, held: undefined, aPiece: 2_048 },
    { count: 100_000, entities: 5_000, held: 0, aPiece: 2_048 },
    { count: 70_000, entities: 3, held: 1_000_000, aPiece: 999 },
    { count: 200_000, entities: 1, held: 0, aPiece: 2_048 },
  ])('are told by entity and time, the last of each moment: $count rows of $entities, $held bytes held', (one) => {
    const { count, entities, held, aPiece } = one
    const rows = rowsOf(count, { count, entities })
    const partitions = fill(rows, { entities, aPiece, ...(held !== undefined && { mostHeldBytes: held }) })
    expect(listed(partitions.parts())).toEqual(plainOrder(rows).map(([of, time, , value]) => [of, time, value]))
    partitions.close()
  })

  it('are read from a file as they were written, and damage is noticed', async () => {
    const rows = rowsOf(5, { count: 80_000, entities: 301 })
    const path = join(folder, 'rows')
    const file = openPartsFile(path)
    const partitions = fill(rows, { entities: 301, aPiece: 2_048 })
    for (const part of partitions.parts()) file.write(part)
    const { places, bytes } = file.close()
    const all = plainOrder(rows).map(([of, time, , value]) => [of, time, value])
    expect(places.length).toBeGreaterThan(1)
    expect(listed(readParts(path, places, 2, () => true))).toEqual(all)
    const last = places.at(-1)!
    expect(listed(readParts(path, places, 2, ({ first }) => first === last.first))).toEqual(
      all.filter(([of]) => of! >= last.first),
    )
    const { open } = await import('node:fs/promises')
    const damaged = await open(path, 'r+')
    await damaged.write(new Uint8Array([255]), 0, 1, last.at + 100)
    await damaged.close()
    expect(() => listed(readParts(path, places, 2, () => true))).toThrow(PartDamaged)
    const cut = await open(path, 'r+')
    await cut.truncate(bytes - 8)
    await cut.close()
    expect(() => listed(readParts(path, places, 2, () => true))).toThrow(PartDamaged)
  })
})
