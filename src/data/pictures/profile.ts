import { PICTURE_MEASURES, type PictureProfile } from './contract.ts'
import { isBlank, sameBytes, sameLooks } from './alike.ts'
import { type DescribedPicture, isReadable, measureOf, type ReadablePicture } from './described.ts'
import { outliersOf, quantile } from './outliers.ts'

const BINS = 24
const SHOWN_SIZES = 12
const SHOWN_EXAMPLES = 50
const SHOWN_GROUPS = 24
const SHOWN_OUTLIERS = 32

/** What a folder of pictures is like, but for its thumbnails and what is expected of it. */
export function describePictures(
  pictures: readonly DescribedPicture[],
  of: { version: string; files: number; madeAt: number },
): Omit<PictureProfile, 'thumbnails' | 'expectations'> {
  const readable = pictures.filter(isReadable)
  return {
    ...of,
    others: of.files - pictures.length,
    pictures: pictures.length,
    bytes: pictures.reduce((sum, { bytes }) => sum + bytes, 0),
    formats: counted(readable, ({ facts }) => facts.format).map(([format, count]) => ({ format, pictures: count })),
    sizes: counted(readable, ({ facts }) => `${facts.width} ${facts.height}`)
      .slice(0, SHOWN_SIZES)
      .map(([size, count]) => {
        const [width, height] = size.split(' ').map(Number)
        return { width: width!, height: height!, pictures: count }
      }),
    measures: readable.length === 0 ? ({} as PictureProfile['measures']) : shapesOf(readable),
    grey: readable.filter(({ facts }) => facts.grey).length,
    transparent: readable.filter(({ facts }) => facts.alpha).length,
    turned: readable.filter(({ facts }) => facts.orientation !== 1).length,
    personal: (['place', 'owner', 'device'] as const).flatMap((kind) => {
      const said = readable.filter(({ facts }) => facts.personal.includes(kind))
      const examples = said.slice(0, SHOWN_EXAMPLES).map(({ path }) => path)
      return said.length > 0 ? [{ kind, pictures: said.length, examples }] : []
    }),
    unreadable: unreadableOf(pictures),
    parts: partsOf(pictures),
    blank: readable.filter(({ facts }) => isBlank(facts)).length,
    same: sameBytes(pictures, SHOWN_GROUPS),
    near: sameLooks(pictures, SHOWN_GROUPS),
    outliers: readable.length === 0 ? [] : outliersOf(readable, SHOWN_OUTLIERS),
  }
}

/** The hashes of the pictures that a profile shows. */
export function shownPictures({
  same,
  near,
  outliers,
}: Pick<PictureProfile, 'same' | 'near' | 'outliers'>): Set<string> {
  const groups = [...same.shown, ...near.shown].flatMap(({ pictures }) => pictures)
  return new Set([...groups, ...outliers].map(({ hash }) => hash))
}

function shapesOf(pictures: readonly ReadablePicture[]): PictureProfile['measures'] {
  const shapes = PICTURE_MEASURES.map((measure) => {
    const sorted = Float64Array.from(pictures, (one) => measureOf(one, measure)).sort()
    return [measure, { ...histogramOf(sorted), min: sorted[0]!, median: quantile(sorted, 0.5), max: sorted.at(-1)! }]
  })
  return Object.fromEntries(shapes)
}

/** Bins of one width over the middle 98 %: a single giant would squeeze all others into one. */
function histogramOf(sorted: Float64Array): { edges: number[]; counts: number[] } {
  const [low, high] = [quantile(sorted, 0.01), quantile(sorted, 0.99)]
  if (low === high) return { edges: [low, high], counts: [sorted.length] }
  const counts = Array.from({ length: BINS }, () => 0)
  for (const value of sorted) {
    const bin = Math.floor(((value - low) / (high - low)) * BINS)
    counts[Math.min(BINS - 1, Math.max(0, bin))]!++
  }
  return { edges: Array.from({ length: BINS + 1 }, (_, i) => low + ((high - low) * i) / BINS), counts }
}

function unreadableOf(pictures: readonly DescribedPicture[]): PictureProfile['unreadable'] {
  const bad = pictures.flatMap(({ path, facts }) => ('problem' in facts ? [{ path, ...facts }] : []))
  return [...Map.groupBy(bad, ({ problem }) => problem)].map(([problem, all]) => ({
    problem,
    pictures: all.length,
    examples: all.slice(0, SHOWN_EXAMPLES).map(({ path, reason }) => ({ path, reason })),
  }))
}

function partsOf(pictures: readonly DescribedPicture[]): PictureProfile['parts'] {
  return [...Map.groupBy(pictures, ({ part }) => part)]
    .sort(([a], [b]) => ((a ?? '') < (b ?? '') ? -1 : 1))
    .map(([part, all]) => ({
      part,
      pictures: all.length,
      classes: counted(
        all.filter((one) => one.class !== null),
        (one) => one.class!,
      ).map(([name, count]) => ({ name, pictures: count })),
    }))
}

/** How many there are of each, the most frequent first. */
function counted<T, K extends string>(all: readonly T[], of: (one: T) => K): [K, number][] {
  const counts = new Map<K, number>()
  for (const one of all) counts.set(of(one), (counts.get(of(one)) ?? 0) + 1)
  return [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
}
