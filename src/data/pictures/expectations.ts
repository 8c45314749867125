import { PICTURE_RULES, type PictureExpectation, type PictureRule } from '#projects/contract'
import type { ExpectationResult } from '../contract.ts'
import { LEAST_CONTRAST } from './alike.ts'
import type { AlikePictures, PictureMeasure, PictureProfile } from './contract.ts'
import { type DescribedPicture, isReadable, measureOf, type ReadablePicture } from './described.ts'

type Described = Pick<PictureProfile, 'parts' | 'same' | 'near' | 'pictures'>
type Range = readonly [number | null, number | null]
type Broken = { path: string; value: string }

/** What came of a rule about all pictures together. */
interface Outcome {
  passed: boolean
  observed: string
  failing: number
  sample: Broken[]
}

const SAMPLE = 10

/** What holds of a version's pictures, each rule of an entry by itself; the pictures are gone through once. */
export function checkPictures(
  pictures: Iterable<DescribedPicture>,
  described: Described,
  expectations: readonly PictureExpectation[],
): ExpectationResult[] {
  const asked = expectations.flatMap((one) => {
    const rules = (Object.keys(PICTURE_RULES) as PictureRule[]).filter((rule) => one[rule] !== undefined)
    return rules.map((rule) => ({ one, rule, tally: { failing: 0, sample: [] as Broken[] } }))
  })
  const each = asked.flatMap(({ one, rule, tally }) =>
    isSetRule(rule) ? [] : [{ judge: EACH_RULES[rule], wanted: one[rule] as never, tally }],
  )
  if (each.length > 0)
    for (const picture of pictures)
      for (const { judge, wanted, tally } of each) {
        const value = judge(picture, wanted)
        if (value === undefined) continue
        tally.failing++
        if (tally.sample.length < SAMPLE) tally.sample.push({ path: picture.path, value })
      }
  return asked.map(({ one, rule, tally }): ExpectationResult => {
    const { passed, observed, failing, sample } = isSetRule(rule)
      ? SET_RULES[rule](described, one[rule])
      : eachOf(described.pictures, tally, one)
    return {
      ...{ expectation: inWords(rule, one), column: null, otherwise: one.otherwise, rule, skew: 'value' as const },
      ...{ passed, observed, failing },
      sample: sample.map(({ path, value }) => ({ row: null, value: value === '' ? path : `${path}: ${value}` })),
    }
  })
}

type SetRule = { [Key in PictureRule]: (typeof PICTURE_RULES)[Key]['judges'] extends 'set' ? Key : never }[PictureRule]
type EachRule = Exclude<PictureRule, SetRule>

const isSetRule = (rule: PictureRule): rule is SetRule => PICTURE_RULES[rule].judges === 'set'

function inWords(rule: PictureRule, one: PictureExpectation): string {
  const value = one[rule]
  const said =
    rule === 'balance'
      ? `${Number(value) * 100}%`
      : JSON.stringify(value)
          ?.replaceAll(/["[\]]/g, '')
          .replaceAll(',', ', ')
  const words = rule.replaceAll('_', ' ')
  const mostly = one.mostly === undefined ? '' : `, of ${one.mostly * 100}% of the pictures`
  return value === true ? `${words}${mostly}` : `${words}: ${said}${mostly}`
}

/** Why a picture breaks a rule; `undefined` where it does not. */
type Judge = (picture: DescribedPicture, wanted: never) => string | undefined

/** A rule about what a picture shows says nothing of one that cannot be read: `readable` does. */
const readable =
  <Wanted>(judge: (picture: ReadablePicture, wanted: Wanted) => string | undefined) =>
  (picture: DescribedPicture, wanted: Wanted) =>
    isReadable(picture) ? judge(picture, wanted) : undefined

const within = (measure: PictureMeasure) =>
  readable((picture, [low, high]: Range) => {
    const value = measureOf(picture, measure)
    return (low !== null && value < low) || (high !== null && value > high)
      ? String(Number(value.toPrecision(4)))
      : undefined
  })

const says = (broken: boolean, why = '') => (broken ? why : undefined)

const EACH_RULES: Record<EachRule, Judge> = {
  width_between: within('width'),
  height_between: within('height'),
  aspect_between: within('aspect'),
  bytes_between: within('bytes'),
  brightness_between: within('brightness'),
  contrast_between: within('contrast'),
  sharpness_between: within('sharpness'),
  formats_in: readable(({ facts }, formats: readonly string[]) => says(!formats.includes(facts.format), facts.format)),
  readable: ({ facts }) => ('problem' in facts ? `${facts.problem}, ${facts.reason}` : undefined),
  not_truncated: ({ facts }) => ('problem' in facts && facts.problem === 'truncated' ? facts.reason : undefined),
  coloured: readable(({ facts }) => says(facts.grey)),
  opaque: readable(({ facts }) => says(facts.alpha)),
  upright: readable(({ facts }) => says(facts.orientation !== 1, `orientation ${facts.orientation}`)),
  not_blank: readable(({ facts }) => says(facts.contrast < LEAST_CONTRAST)),
  nothing_personal: readable(({ facts }) => says(facts.personal.length > 0, facts.personal.join(', '))),
  classes_in: (one, classes: readonly string[]) =>
    says(one.class === null || !classes.includes(one.class), one.class ?? 'no class'),
}

function eachOf(
  pictures: number,
  { failing, sample }: Pick<Outcome, 'failing' | 'sample'>,
  one: PictureExpectation,
): Outcome {
  return {
    passed: 1 - failing / pictures >= (one.mostly ?? 1),
    observed: failing === 0 ? `all ${pictures}` : `${failing} of ${pictures} do not`,
    failing,
    sample,
  }
}

const SET_RULES: Record<SetRule, (described: Described, wanted: unknown) => Outcome> = {
  pictures_between: ({ pictures }, wanted) => outcome(isWithin(pictures, wanted as Range), `${pictures} pictures`),
  each_class_between: ({ parts }, wanted) => {
    const broken = classesOf(parts).filter(({ pictures }) => !isWithin(pictures, wanted as Range))
    const named = broken.map(({ name, pictures }) => ({ path: name, value: String(pictures) }))
    return outcome(broken.length === 0, `${broken.length} classes do not`, named)
  },
  balance: ({ parts }, wanted) => {
    const shares = parts.map(({ part, classes }) => {
      const counts = classes.map(({ pictures }) => pictures)
      return { path: part ?? 'all', share: counts.length === 0 ? 1 : Math.min(...counts) / Math.max(...counts) }
    })
    const broken = shares.filter(({ share }) => share < (wanted as number))
    const least = Math.min(...shares.map(({ share }) => share))
    const named = broken.map(({ path, share }) => ({ path, value: `${Math.round(share * 100)}%` }))
    return outcome(broken.length === 0, `the smallest class has ${Math.round(least * 100)}% of the largest`, named)
  },
  no_duplicates: ({ same }) => noGroups(same.groups, same.shown),
  no_near_duplicates: ({ near }) => noGroups(near.groups, near.shown),
  no_duplicates_across_parts: ({ same }) => noGroups(same.acrossParts, same.shown.filter(isAcross('parts'))),
  no_near_duplicates_across_parts: ({ near }) => noGroups(near.acrossParts, near.shown.filter(isAcross('parts'))),
  no_near_duplicates_across_classes: ({ near }) => noGroups(near.acrossClasses, near.shown.filter(isAcross('classes'))),
}

const outcome = (passed: boolean, observed: string, sample: Broken[] = []): Outcome => ({
  passed,
  observed,
  failing: passed ? 0 : Math.max(1, sample.length),
  sample: sample.slice(0, SAMPLE),
})

const isAcross = (what: 'parts' | 'classes') => (one: AlikePictures) => one[what].length > 1

function noGroups(groups: number, shown: readonly AlikePictures[]): Outcome {
  const sample = shown.map(({ pictures }) => ({ path: pictures.map(({ path }) => path).join(' = '), value: '' }))
  return { ...outcome(groups === 0, groups === 0 ? 'none' : `${groups} groups`, sample), failing: groups }
}

function classesOf(parts: Described['parts']): { name: string; pictures: number }[] {
  return parts.flatMap(({ part, classes }) =>
    classes.map(({ name, pictures }) => ({ name: part === null ? name : `${part}/${name}`, pictures })),
  )
}

function isWithin(value: number, [low, high]: Range): boolean {
  return (low === null || value >= low) && (high === null || value <= high)
}
