import type { DatabaseSync } from 'node:sqlite'
import type { AlikePictures, PictureProfile } from './contract.ts'
import { bitsApart, findLookAlikes } from './near-duplicates.ts'

type Alike = PictureProfile['near']

const SHOWN_MEMBERS = 8
/** Below it a picture is one plain ground, and looks like every other one. */
export const LEAST_CONTRAST = 0.01

/**
 * Marks the pictures of a table that are the same, byte by byte, or to look at; plain grounds look like every other one, and
 * are left out.
 *
 * @param database of a new table, with what was measured as `kept`
 * @returns whether all pictures could be compared
 */
export function markAlike(database: DatabaseSync): boolean {
  database.exec(`update pictures set same = first
    where first in (select first from pictures group by first having count(*) > 1)`)
  const picked = `from pictures where n = first and problem is null and contrast >= ${LEAST_CONTRAST}`
  const { count } = database.prepare(`select count(*) as count ${picked}`).get() as { count: number }
  const who = new Uint32Array(count)
  const high = new Uint32Array(count)
  const low = new Uint32Array(count)
  let at = 0
  const rows = database.prepare(`select n, high, low ${picked} order by n`)
  rows.setReturnArrays(true)
  for (const row of rows.iterate() as Iterable<unknown> as Iterable<[number, number, number]>) {
    who[at] = row[0]
    high[at] = row[1]
    low[at++] = row[2]
  }
  const looks =
    database.prepare(`select look from (select n, measured ${picked} and n >= ? order by n limit ?) as wanted
    join kept.measured m on m.id = wanted.measured order by wanted.n`)
  looks.setReturnArrays(true)
  function* parts(from: number, many: number) {
    for (const [look] of looks.all(who[from]!, many) as unknown as [Uint8Array][]) yield look
  }
  const { firsts, complete } = findLookAlikes({ high, low, parts })

  database.exec('create temp table found (first integer primary key, near integer)')
  const insert = database.prepare('insert into temp.found values (?, ?)')
  const groups = new Uint8Array(count)
  for (let picture = 0; picture < count; picture++) if (firsts[picture] !== picture) groups[firsts[picture]!] = 1
  for (let picture = 0; picture < count; picture++)
    if (groups[firsts[picture]!] === 1) insert.run(who[picture]!, who[firsts[picture]!]!)
  database.exec('update pictures set near = found.near from temp.found where found.first = pictures.first')
  database.exec(`create index pictures_same on pictures (same) where same is not null;
    create index pictures_near on pictures (near) where near is not null`)
  return complete
}

/** Groups of pictures that were marked: how many, and those that matter most. */
export function alikeOf(
  database: DatabaseSync,
  by: 'same' | 'near',
  { shown, complete = true }: { shown: number; complete?: boolean },
): Alike {
  const groups = `select ${by} as mark, count(*) as pictures, count(distinct part) > 1 as parts, count(distinct class) > 1 as classes
    from pictures where ${by} is not null group by ${by}`
  const totals = database
    .prepare(
      `select count(*) as groups, coalesce(sum(pictures), 0) as pictures, coalesce(sum(parts), 0) as acrossParts,
        coalesce(sum(classes), 0) as acrossClasses from (${groups})`,
    )
    .get() as Pick<Alike, 'groups' | 'pictures' | 'acrossParts' | 'acrossClasses'>
  const worst = database
    .prepare(`${groups} order by 2 * parts + classes desc, pictures desc, mark limit ?`)
    .all(shown) as { mark: number; pictures: number }[]
  // One of each place, then others: a few that show all of a group.
  const members = database.prepare(
    `select path, lower(hex(hash)) as hash from (
      select n, path, hash, row_number() over (partition by part, class order by n) as place from pictures where ${by} = ?
    ) order by place > 1, n limit ${SHOWN_MEMBERS}`,
  )
  const hashes = database.prepare(`select high, low from pictures where ${by} = ? and n = first order by n`)
  /** Bits by which the first and another one differ at most. */
  function distanceOf(mark: number): number {
    const [first, ...others] = hashes.all(mark) as { high: number; low: number }[]
    return others.reduce((most, one) => Math.max(most, bitsApart(first!, one)), 0)
  }
  const namesOf = (what: 'part' | 'class') => {
    const names = database.prepare(
      `select distinct ${what} as name from pictures where ${by} = ? and ${what} is not null order by 1`,
    )
    return (mark: number) => names.all(mark).map(({ name }) => String(name))
  }
  const [parts, classes] = [namesOf('part'), namesOf('class')]
  return {
    ...totals,
    complete,
    shown: worst.map(({ mark, pictures }): AlikePictures => {
      return {
        pictures: members.all(mark).map(({ path, hash }) => ({ path: String(path), hash: String(hash) })),
        count: pictures,
        distance: by === 'same' ? 0 : distanceOf(mark),
        parts: parts(mark),
        classes: classes(mark),
      }
    }),
  }
}
