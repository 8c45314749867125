import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { blobPlace } from '#platform/blobs'
import type { Measured } from '#pictures'
import type { PictureExpectation } from '#projects/contract'
import { writeDurably } from '../files/durable.ts'
import type { Entry } from '../files/manifest.ts'
import type { PictureProfile } from './contract.ts'
import type { DescribedPicture } from './described.ts'
import { NoPictures } from './errors.ts'
import { checkPictures } from './expectations.ts'
import { type MeasuredStore, measuredFile, openMeasuredStore } from './measured-store.ts'
import { isPicture, placeOfPicture, WITHOUT_SHELVES } from './parts.ts'
import { eachPicture, type Home, makePictureTable, openPictureTable, placeOfProfile } from './picture-table.ts'
import { type PictureHome, thumbnailsOf } from './thumbnails.ts'
import { describePictures, shownPictures } from './profile.ts'
import { type Decoders, openDecoders } from './workers.ts'

/** What may be lost by a kill, and is measured again: so many pictures, or as many as a tenth of a second brings. */
const KEPT_AT_ONCE = 2_048
const KEPT_AFTER_MS = 100
/** Those that were not measured yet are looked up by so many. */
const LOOKED_UP = 2_048

export interface PictureVersion {
  readonly dataset: string
  /** `sha256:…` of the list of files. */
  readonly version: string
  /** Read where the version was not profiled before. */
  entries(): Iterable<Entry>
}

interface Options {
  readonly expect?: readonly PictureExpectation[]
  readonly measured?: (done: number, of: number) => void
  readonly signal?: AbortSignal
}

/** A profile as it is kept; what it was made with is known, too. */
interface Kept {
  readonly profile: PictureProfile
  readonly expect: readonly PictureExpectation[]
}

/**
 * Measures the pictures of a version that were not measured before, in processes of their own, and describes them
 * all. What was measured is kept by its hash as it comes: after a kill it goes on where it was. A version that was profiled
 * before is not looked at again; only what is newly expected of it is.
 *
 * @param options.measured is told how many pictures are done, of how many
 * @throws NoPictures, PictureUnread
 */
export async function profilePictures(
  home: PictureHome,
  version: PictureVersion,
  options: Options = {},
): Promise<PictureProfile> {
  const expect = options.expect ?? []
  const known = keptWith(home, version.version)
  if (!known) return describe(home, version, options)
  try {
    const { pictures } = known.kept.profile
    options.measured?.(pictures, pictures)
    if (JSON.stringify(expect) === JSON.stringify(known.kept.expect)) return known.kept.profile
    const expectations = checkPictures(eachPicture(known.database), known.kept.profile, expect)
    const profile = { ...known.kept.profile, expectations }
    keep(home, { profile, expect })
    return profile
  } finally {
    known.database.close()
  }
}

/** The pictures of a version that was profiled, in the order of their paths. */
export function* profiledPictures(home: Home, version: string): Generator<DescribedPicture> {
  const database = openPictureTable(home, version)
  if (!database) return
  try {
    yield* eachPicture(database)
  } finally {
    database.close()
  }
}

async function describe(home: PictureHome, version: PictureVersion, options: Options): Promise<PictureProfile> {
  const file = measuredFile(home)
  const store = openMeasuredStore(file)
  const table = makePictureTable(home, version.version, file)
  const decoders = openDecoders()
  const { database } = table
  try {
    const files = listFiles(database, version)
    await measureAll(home, { store, database, decoders }, options)
    database.exec(TAKE_WHAT_WAS_MEASURED)
    const described = describePictures(database, { version: version.version, files, madeAt: Date.now() })
    const thumbnails = await thumbnailsOf(home, { store, decoders }, shownPictures(described), options)
    const expect = options.expect ?? []
    const expectations = checkPictures(eachPicture(database), described, expect)
    const profile: PictureProfile = { ...described, thumbnails, expectations }
    table.finish()
    keep(home, { profile, expect })
    return profile
  } finally {
    decoders.close()
    table.close()
    store.close()
  }
}

/** @returns how many files there are, pictures or not */
function listFiles(database: DatabaseSync, { dataset, entries }: PictureVersion): number {
  const insert = database.prepare('insert into temp.files values (?, ?, unhex(?), ?, ?, ?, ?, ?)')
  let files = 0
  let pictures = 0
  database.exec('begin')
  for (const { path: written, mode, hash, size } of entries()) {
    if (mode === 'link') continue
    files++
    const path = written || dataset
    if (!isPicture(path)) continue
    const place = placeOfPicture(written)
    insert.run(pictures, path, hash, size, place.part, place.class, place.above, pictures)
    pictures++
  }
  database.exec(`update temp.files set first = found.first from (
    select min(n) as first, hash from temp.files group by hash having count(*) > 1
  ) as found where found.hash = files.hash`)
  database.exec(WITHOUT_SHELVES)
  database.exec('commit')
  if (pictures === 0) throw new NoPictures(dataset)
  return files
}

const TAKE_WHAT_WAS_MEASURED = `
  insert into pictures (n, path, hash, bytes, part, class, first, measured, format, width, height, orientation, grey, alpha,
    brightness, contrast, sharpness, high, low, personal, problem, reason)
  select f.n, f.path, f.hash, f.bytes, f.part, f.class, f.first, m.id, m.format, m.width, m.height, m.orientation, m.grey, m.alpha,
    m.brightness, m.contrast, m.sharpness, m.high, m.low, m.personal, m.problem, m.reason
  from temp.files f join kept.measured m on m.hash = f.hash order by f.n;
  drop table temp.files`

async function measureAll(
  home: PictureHome,
  { store, database, decoders }: { store: MeasuredStore; database: DatabaseSync; decoders: Decoders },
  { measured = () => {}, signal }: Options,
): Promise<void> {
  const { all, known } = database
    .prepare(
      `select count(*) as "all", count(m.id) as known from temp.files f left join kept.measured m on m.hash = f.hash
        where f.first = f.n`,
    )
    .get() as { all: number; known: number }
  let count = known
  measured(count, all)
  const fresh = new Map<string, Measured>()
  let keptAt = Date.now()
  const keepFresh = () => {
    if (fresh.size > 0) store.keep(fresh)
    fresh.clear()
    keptAt = Date.now()
  }
  try {
    await decoders.done(
      eachMissing(home, database),
      ({ hash, measured: facts, lost }) => {
        fresh.set(hash, lost ? { problem: lost, reason: LOST[lost] } : facts!)
        if (fresh.size >= KEPT_AT_ONCE || Date.now() - keptAt > KEPT_AFTER_MS) keepFresh()
        measured(++count, all)
      },
      signal,
    )
  } finally {
    keepFresh()
  }
}

const LOST = { crashed: 'the decoder ended', too_slow: 'the decoder did not come to an end' }

function* eachMissing(home: PictureHome, database: DatabaseSync) {
  const next = database.prepare(
    `select n, lower(hex(hash)) as hash from temp.files f where n > ? and first = n
      and not exists (select 1 from kept.measured m where m.hash = f.hash) order by n limit ${LOOKED_UP}`,
  )
  let last = -1
  for (;;) {
    // All at once: a reader that stays would keep the store's log growing.
    const some = next.all(last) as { n: number; hash: string }[]
    for (const { hash } of some) yield { hash, path: blobPlace(home.blobs, hash) }
    if (some.length < LOOKED_UP) return
    last = some.at(-1)!.n
  }
}

const fileOf = (home: Home, version: string) => `${placeOfProfile(home, version)}.json`

function keep(home: Home, kept: Kept): void {
  const file = fileOf(home, kept.profile.version)
  mkdirSync(dirname(file), { recursive: true })
  writeDurably(file, JSON.stringify(kept))
}

function kept(home: Home, version: string): Kept | undefined {
  const file = fileOf(home, version)
  if (!existsSync(file)) return undefined
  const read = JSON.parse(readFileSync(file, 'utf8'))
  // Until there was a table beside it, the profile stood there alone, and has to be made again.
  return 'profile' in read ? read : undefined
}

/** A profile with its table; `undefined` where either is not there, or was made by another method. */
function keptWith(home: Home, version: string): { kept: Kept; database: DatabaseSync } | undefined {
  const one = kept(home, version)
  const database = one && openPictureTable(home, version)
  return database && { kept: one, database }
}

/** The profile that was made of a version, here or by the server. */
export const keptProfile = (home: Home, version: string): PictureProfile | undefined => kept(home, version)?.profile
