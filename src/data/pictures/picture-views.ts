import { existsSync } from 'node:fs'
import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { blobPlace } from '#platform/blobs'
import { LEAST_CONTRAST } from './alike.ts'
import type { ListedPicture, PictureKind, PictureQuery } from './contract.ts'
import { PictureNotFound, PicturesNotProfiled } from './errors.ts'
import { measuredFile, openMeasuredStore } from './measured-store.ts'
import { openPictureTable } from './picture-table.ts'
import { inBase64, type PictureHome, thumbnailsOf } from './thumbnails.ts'
import { type Decoders, openDecoders } from './workers.ts'

/** Large enough to look at, small enough to send. */
const PREVIEW = 960
const SHOWN_ALIKE = 24
/** Orders of pictures that are kept, of 4 bytes a picture: scrolling asks for the same one again and again. */
const KEPT_ORDERS = 12
/** Decoders that nobody asks end; who scrolls asks more often. */
const IDLE_MS = 30_000

export interface PictureList {
  readonly total: number
  readonly pictures: ListedPicture[]
  readonly thumbnails: Record<string, string>
}

export interface OnePicture {
  readonly picture: ListedPicture
  readonly preview: string | null
  readonly alike: ListedPicture[]
  readonly thumbnails: Record<string, string>
}

interface Version {
  readonly dataset: string
  readonly version: string
}

/** Looking at the pictures of versions that were profiled; they are decoded in a process of their own. */
export interface PictureViews {
  /** @throws PicturesNotProfiled */
  list(version: Version, query: PictureQuery): Promise<PictureList>
  /** @throws PicturesNotProfiled, PictureNotFound */
  picture(version: Version, number: number): Promise<OnePicture>
  close(): void
}

export function openPictureViews(home: PictureHome): PictureViews {
  const orders = new Map<string, Uint32Array>()
  let decoders: Decoders | undefined
  let idle: NodeJS.Timeout | undefined
  const close = () => {
    clearTimeout(idle)
    decoders?.close()
    decoders = undefined
  }
  let turn: Promise<unknown> = Promise.resolve()
  /** One after the other: ten people who scroll at once are no reason for ten times as many processes. */
  function decode<Answer>(work: (decoders: Decoders) => Promise<Answer>): Promise<Answer> {
    const done = turn.then(() => {
      clearTimeout(idle)
      decoders ??= openDecoders()
      return work(decoders)
    })
    turn = done
      .catch(() => {})
      .then(() => {
        clearTimeout(idle)
        idle = setTimeout(close, IDLE_MS).unref()
      })
    return done
  }

  function opened<Answer>({ dataset, version }: Version, ask: (database: DatabaseSync) => Answer): Answer {
    const database = openPictureTable(home, version)
    if (!database) throw new PicturesNotProfiled(dataset)
    try {
      return ask(database)
    } finally {
      database.close()
    }
  }

  async function shown(pictures: readonly ListedPicture[]): Promise<Record<string, string>> {
    const store = openMeasuredStore(measuredFile(home))
    try {
      // A folder whose bytes are not here can be looked through all the same.
      const hashes = pictures.map(({ hash }) => hash).filter((hash) => existsSync(blobPlace(home.blobs, hash)))
      return await decode((decoders) => thumbnailsOf(home, { store, decoders }, hashes))
    } finally {
      store.close()
    }
  }

  /** The numbers of the pictures that are asked for, in their order. */
  function orderOf(database: DatabaseSync, version: string, query: PictureQuery): Uint32Array {
    const { part, class: named, kind, find, sort, order } = query
    const key = JSON.stringify([version, part, named, kind, find, sort, order])
    const known = orders.get(key)
    if (known) {
      orders.delete(key)
      orders.set(key, known)
      return known
    }
    const { where, values } = conditionsOf(query)
    const direction = order === 'down' ? 'desc' : 'asc'
    const by = sort === 'path' ? `n ${direction}` : `${SORTED[sort]} ${direction} nulls last, n`
    const rows = database.prepare(`select n from pictures ${where} order by ${by}`)
    rows.setReturnArrays(true)
    const found: number[] = []
    for (const [n] of rows.iterate(...values) as Iterable<unknown> as Iterable<[number]>) found.push(n)
    const numbers = Uint32Array.from(found)
    orders.set(key, numbers)
    if (orders.size > KEPT_ORDERS) orders.delete(orders.keys().next().value!)
    return numbers
  }

  return {
    list: async (version, query) => {
      const { total, pictures } = opened(version, (database) => {
        const numbers = orderOf(database, version.version, query)
        const page = numbers.subarray(query.offset, query.offset + query.limit)
        const find = database.prepare(`select ${LISTED} from pictures where n = ?`)
        return { total: numbers.length, pictures: Array.from(page, (n) => listedOf(find.get(n)!)) }
      })
      return { total, pictures, thumbnails: await shown(pictures) }
    },
    picture: async (version, number) => {
      const { picture, alike } = opened(version, (database) => {
        const found = database.prepare(`select ${LISTED}, same from pictures where n = ?`).get(number)
        if (!found) throw new PictureNotFound(version.dataset, number)
        const [by, mark] = found.near === null ? ['same', found.same] : ['near', found.near]
        const others = database
          .prepare(`select ${LISTED} from pictures where ${by} = ? and n <> ? order by n limit ${SHOWN_ALIKE}`)
          .all(mark!, number)
        return { picture: listedOf(found), alike: others.map(listedOf) }
      })
      let preview: string | null = null
      const work = { hash: picture.hash, path: blobPlace(home.blobs, picture.hash), thumbnail: PREVIEW }
      const take = ({ thumbnail }: { thumbnail?: Uint8Array }) => {
        if (thumbnail) preview = inBase64(thumbnail)
      }
      if (existsSync(work.path)) await decode((decoders) => decoders.done([work], take))
      return { picture, preview, alike, thumbnails: await shown(alike) }
    },
    close,
  }
}

const SORTED: Record<Exclude<PictureQuery['sort'], 'path'>, string> = {
  far: 'far',
  width: 'width',
  height: 'height',
  aspect: 'cast(width as real) / height',
  bytes: 'bytes',
  brightness: 'brightness',
  contrast: 'contrast',
  sharpness: 'sharpness',
}

const across = (what: 'part' | 'class') =>
  ['same', 'near']
    .map(
      (by) =>
        `${by} in (select ${by} from pictures where ${by} is not null group by 1 having count(distinct ${what}) > 1)`,
    )
    .join(' or ')

const KINDS: Record<PictureKind, string> = {
  unreadable: 'problem is not null',
  leaking: across('part'),
  contradicting: across('class'),
  same: 'same is not null',
  near: 'near is not null',
  far: 'far is not null',
  blank: `contrast < ${LEAST_CONTRAST}`,
  grey: 'grey',
  transparent: 'alpha',
  turned: 'orientation <> 1',
  personal: "personal <> ''",
}

function conditionsOf({ part, class: named, kind, find }: PictureQuery): { where: string; values: SQLInputValue[] } {
  const conditions: string[] = []
  const values: SQLInputValue[] = []
  const add = (condition: string, value?: string) => {
    conditions.push(`(${condition})`)
    if (value !== undefined) values.push(value)
  }
  if (part !== undefined) add('part = ?', part)
  if (named !== undefined) add('class = ?', named)
  if (kind !== undefined) add(KINDS[kind])
  if (find) add('instr(lower(path), ?) > 0', find.toLowerCase())
  return { where: conditions.length > 0 ? `where ${conditions.join(' and ')}` : '', values }
}

const LISTED = `n as number, path, lower(hex(hash)) as hash, bytes, part, class, format, width, height, orientation, brightness,
  contrast, sharpness, personal, problem, reason, near, far, far_by as farBy`

function listedOf(row: Record<string, unknown>): ListedPicture {
  const { same: _, personal, ...rest } = row
  return { ...rest, personal: personal ? String(personal).split(',') : [] } as never
}
