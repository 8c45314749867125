import type { AlikePictures, PictureProfile } from './contract.ts'
import { type DescribedPicture, isReadable } from './described.ts'
import { findLookAlikes, type Look } from './near-duplicates.ts'

type Alike = PictureProfile['near']

const SHOWN_MEMBERS = 8
/** Below it a picture is one plain ground, and looks like every other one. */
const LEAST_CONTRAST = 0.01

export const isBlank = ({ contrast }: { contrast: number }) => contrast < LEAST_CONTRAST

/** Files with the same bytes. */
export function sameBytes(pictures: readonly DescribedPicture[], shown: number): Alike {
  const groups = [...Map.groupBy(pictures, ({ hash }) => hash).values()].filter((one) => one.length > 1)
  return alike(
    groups.map((members) => ({ members, distance: 0 })),
    shown,
  )
}

/** Pictures that look the same though their bytes differ; plain grounds are left out. */
export function sameLooks(pictures: readonly DescribedPicture[], shown: number): Alike {
  const byHash = Map.groupBy(pictures.filter(isReadable), ({ hash }) => hash)
  const distinct = [...byHash.values()].filter(([first]) => !isBlank(first!.facts))
  const looks = distinct.map(([first]): Look => {
    const { hash, look } = first!.facts
    const [high, low] = [Number.parseInt(hash.slice(0, 8), 16), Number.parseInt(hash.slice(8), 16)]
    return { high, low, parts: Buffer.from(look, 'base64') }
  })
  const { groups } = findLookAlikes(looks)
  return alike(
    groups.map(({ members, distance }) => ({ members: members.flatMap((i) => distinct[i]!), distance })),
    shown,
  )
}

function alike(groups: readonly { members: readonly DescribedPicture[]; distance: number }[], shown: number): Alike {
  const told = groups.map(({ members, distance }): AlikePictures => {
    const of = (what: 'part' | 'class') =>
      [...new Set(members.map((one) => one[what]).filter((name) => name !== null))].sort()
    return {
      pictures: firstOfEachPart(members).map(({ path, hash }) => ({ path, hash })),
      count: members.length,
      distance,
      parts: of('part'),
      classes: of('class'),
    }
  })
  const worst = (one: AlikePictures) => (one.parts.length > 1 ? 2 : 0) + (one.classes.length > 1 ? 1 : 0)
  return {
    groups: told.length,
    pictures: told.reduce((sum, { count }) => sum + count, 0),
    acrossParts: told.filter(({ parts }) => parts.length > 1).length,
    acrossClasses: told.filter(({ classes }) => classes.length > 1).length,
    shown: told.sort((a, b) => worst(b) - worst(a) || b.count - a.count).slice(0, shown),
  }
}

/** A few of a group that show all of it: one of each place, then others. */
function firstOfEachPart(members: readonly DescribedPicture[]): DescribedPicture[] {
  const places = Map.groupBy(members, (one) => `${one.part} ${one.class}`)
  const firsts = [...places.values()].map(([first]) => first!)
  return [...new Set([...firsts, ...members])].slice(0, SHOWN_MEMBERS)
}
