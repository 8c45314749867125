import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { crc32 } from 'node:zlib'
import { z } from 'zod'
import type { Part } from './part.ts'
import { openPartsFile, PartDamaged, PartPlace, readParts } from './parts-file.ts'

/** Where views are kept in order, as plain data. */
export interface OrderedPlace {
  readonly folder: string
  readonly mostBytes: number
  /** Smaller views are not kept: they are ordered as quickly as they are read. */
  readonly fewestRows?: number
}

/** How entities are numbered: whole numbers by themselves, from `first` on; others by a table. */
export const Numbering = z.union([
  z.strictObject({ first: z.number() }),
  z.strictObject({ table: z.strictObject({ bytes: z.int(), crc: z.int() }) }),
])

const Header = z.strictObject({
  numbering: Numbering,
  entities: z.int().min(0),
  columns: z.int().min(1),
  bytes: z.int().min(0),
  parts: z.array(PartPlace),
})
type Header = z.output<typeof Header>

/** What was made of a view's rows once, and is good for as long as they are: for ever. */
export interface OrderedView {
  readonly entities: number
  /** The first entity’s number, or the Parquet file with keys `k0…` and their numbers `i`. */
  readonly numbering: { readonly first: number } | { readonly table: string }
  /** @throws PartDamaged */
  parts(isWanted: (place: PartPlace) => boolean): Generator<Part>
}

/** A view on its way there. */
export interface OrderedDraft {
  /** Where the table of entities goes, if there is one. */
  readonly table: string
  write(part: Part): void
  /** Keeps it, if it is not larger than what may be kept. */
  keep(said: { entities: number; columns: number; first: number | undefined }): Promise<void>
  drop(): Promise<void>
}

/**
 * Views in order, kept in a folder that anybody may empty: the rows of a data version never change, and neither does their
 * order, so it is made once and read by every later join. What was used longest ago makes room.
 */
export interface OrderedViews {
  /** `undefined` for what is not there, or not whole: that is removed. */
  find(key: string): Promise<OrderedView | undefined>
  remove(key: string): Promise<void>
  draft(key: string): Promise<OrderedDraft>
}

/** A name for what the order depends on. */
export const keyOf = (content: unknown) =>
  createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 40)

/** Begins the name of a folder that is not whole yet. */
const DRAFT = '.draft-'
const [HEADER, PARTS, TABLE] = ['ordered.json', 'rows', 'entities.parquet']

export function openOrderedViews({ folder, mostBytes }: OrderedPlace): OrderedViews {
  const at = (key: string) => join(folder, key)
  // What cannot be removed is no less useless, and no reason to fail.
  const remove = (key: string) => rm(at(key), { recursive: true, force: true }).catch(() => {})

  return {
    find: async (key) => {
      try {
        const { entities, columns, numbering, parts } = await readWholeHeader(at(key))
        const now = new Date()
        // The last use, for whoever has to make room.
        await utimes(join(at(key), HEADER), now, now)
        return {
          entities,
          numbering: 'table' in numbering ? { table: join(at(key), TABLE) } : numbering,
          parts: (isWanted) => readParts(join(at(key), PARTS), parts, columns, isWanted),
        }
      } catch {
        await remove(key)
        return undefined
      }
    },
    remove,
    draft: async (key) => {
      await mkdir(folder, { recursive: true })
      const draft = join(folder, `${DRAFT}${randomUUID()}`)
      await mkdir(draft)
      const file = openPartsFile(join(draft, PARTS))
      let closed = false
      const close = () => {
        closed = true
        return file.close()
      }
      const drop = async () => {
        if (!closed) close()
        await rm(draft, { recursive: true, force: true })
      }
      return {
        table: join(draft, TABLE),
        write: file.write,
        drop,
        keep: async ({ entities, columns, first }) => {
          const { places, bytes } = close()
          const table = first === undefined ? await readFile(join(draft, TABLE)) : undefined
          const numbering = table ? { table: { bytes: table.length, crc: crc32(table) } } : { first: first! }
          const header: Header = { numbering, entities, columns, bytes, parts: places }
          await writeFile(join(draft, HEADER), JSON.stringify(header))
          // Another join may have been quicker, with the same rows.
          await rename(draft, at(key)).catch(drop)
          await makeRoom(folder, mostBytes)
        },
      }
    },
  }
}

/** @throws PartDamaged and what reading throws */
async function readWholeHeader(entry: string): Promise<Header> {
  const header = Header.parse(JSON.parse(await readFile(join(entry, HEADER), 'utf8')))
  const { size } = await stat(join(entry, PARTS))
  if (size !== header.bytes) throw new PartDamaged()
  if ('table' in header.numbering) {
    const table = await readFile(join(entry, TABLE))
    if (table.length !== header.numbering.table.bytes || crc32(table) !== header.numbering.table.crc)
      throw new PartDamaged()
  }
  return header
}

interface Entry {
  readonly path: string
  readonly bytes: number
  readonly used: number
}

async function entriesOf(folder: string): Promise<Entry[]> {
  const names = await readdir(folder).catch(() => [])
  const entries = await Promise.all(
    names.map(async (name): Promise<Entry | undefined> => {
      const path = join(folder, name)
      try {
        const files = await Promise.all((await readdir(path)).map((file) => stat(join(path, file))))
        return {
          path,
          bytes: files.reduce((sum, { size }) => sum + size, 0),
          used: Math.max(0, ...files.map(({ mtimeMs }) => mtimeMs)),
        }
      } catch {
        // Somebody else removed it meanwhile.
        return undefined
      }
    }),
  )
  return entries.filter((entry) => entry !== undefined)
}

const isDraft = ({ path }: Entry) => basename(path).startsWith(DRAFT)

async function makeRoom(folder: string, mostBytes: number): Promise<void> {
  const kept = (await entriesOf(folder)).filter((entry) => !isDraft(entry)).sort((a, b) => b.used - a.used)
  let bytes = 0
  for (const entry of kept) {
    bytes += entry.bytes
    if (bytes > mostBytes) await rm(entry.path, { recursive: true, force: true })
  }
}

/** How many views are kept in order, and how many bytes they take. */
export async function sizeOfOrdered(folder: string): Promise<{ views: number; bytes: number }> {
  const entries = await entriesOf(folder)
  return {
    views: entries.filter((entry) => !isDraft(entry)).length,
    bytes: entries.reduce((sum, entry) => sum + entry.bytes, 0),
  }
}

/** Removes all of them: the next joins make what they need anew. Those that are read now are read to their end. */
export async function forgetOrdered(folder: string): Promise<void> {
  for (const { path } of (await entriesOf(folder)).filter((entry) => !isDraft(entry)))
    await rm(path, { recursive: true, force: true })
}

/** Removes what a crash left half-made; for a time when nothing is under way. */
export async function dropDrafts(folder: string): Promise<void> {
  for (const { path } of (await entriesOf(folder)).filter(isDraft)) await rm(path, { recursive: true, force: true })
}
