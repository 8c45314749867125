import { z } from 'zod'
import { Name, Percent, text } from './scalars.ts'
import { says } from './wording.ts'

const NumberEnd = z.number().nullable()
/** Both ends are included; `null` leaves one open. */
const Range = z.tuple([NumberEnd, NumberEnd]).refine(([low, high]) => low === null || high === null || low <= high, {
  error: says('the range is upside down', 'Write the smaller end first.'),
})
const Yes = z.literal(true)

export interface PictureRuleSpec {
  readonly schema: z.ZodType
  readonly about: string
  /** `pictures`: every single one holds or breaks it, so it takes `mostly`. `set`: all of them together do. */
  readonly judges: 'pictures' | 'set'
}

const rule = <const Judges extends PictureRuleSpec['judges'], const Schema extends z.ZodType>(
  judges: Judges,
  about: string,
  schema: Schema,
) => ({ judges, about, schema })

/** What can be expected of pictures. Each rule is one key; what it means is in the data room, under the same key. */
export const PICTURE_RULES = {
  width_between: rule('pictures', 'every picture is so wide, in pixels, upright: [64, 4096]', Range),
  height_between: rule('pictures', 'every picture is so high', Range),
  aspect_between: rule('pictures', 'its width divided by its height lies in this range', Range),
  bytes_between: rule('pictures', 'its file has so many bytes', Range),
  brightness_between: rule('pictures', 'its mean luma lies in this range, from 0, black, to 1, white', Range),
  contrast_between: rule('pictures', 'the standard deviation of its luma lies in this range, up to 0.5', Range),
  sharpness_between: rule('pictures', 'the variance of its Laplacian lies in this range: low is blurred', Range),
  formats_in: rule(
    'pictures',
    'its format, by its bytes and not by its name, is one of these',
    z.array(z.enum(['jpeg', 'png', 'webp', 'gif'])).min(1),
  ),
  readable: rule('pictures', 'it can be decoded, without a bomb or a picture that is none', Yes),
  not_truncated: rule('pictures', 'no file was cut off', Yes),
  coloured: rule('pictures', 'none is grey', Yes),
  opaque: rule('pictures', 'none is transparent', Yes),
  upright: rule('pictures', 'none has to be turned, as its EXIF says', Yes),
  not_blank: rule('pictures', 'none is one plain ground', Yes),
  nothing_personal: rule('pictures', 'no EXIF tells a place, an owner or a device', Yes),
  classes_in: rule(
    'pictures',
    'its class, the folder nearest to it, is one of these',
    z.array(z.string().min(1)).min(1),
  ),
  pictures_between: rule('set', 'there are so many pictures', Range),
  each_class_between: rule('set', 'every class has so many pictures in every part', Range),
  balance: rule('set', 'in every part the smallest class has at least this share of the largest one', Percent),
  no_duplicates: rule('set', 'no picture occurs twice, byte for byte', Yes),
  no_near_duplicates: rule('set', 'no two pictures look the same', Yes),
  no_duplicates_across_parts: rule('set', 'no picture is in two of train, validation and test', Yes),
  no_near_duplicates_across_parts: rule('set', 'no two that look the same are in different parts', Yes),
  no_near_duplicates_across_classes: rule('set', 'no two that look the same are in different classes', Yes),
} as const satisfies Record<string, PictureRuleSpec>

export type PictureRule = keyof typeof PICTURE_RULES

type Shape = { [Key in PictureRule]: z.ZodOptional<(typeof PICTURE_RULES)[Key]['schema']> }
const rules = Object.fromEntries(
  Object.entries(PICTURE_RULES).map(([key, { schema, about }]) => [
    key,
    schema.optional().meta({ description: about }),
  ]),
) as Shape

export const PictureExpectation = z
  .strictObject({
    ...rules,
    mostly: Percent.optional().meta({ description: 'so many pictures have to hold; all when absent' }),
    note: z.string().optional().meta({ description: 'why it is expected' }),
    otherwise: z.enum(['stop', 'warn']).default('stop').meta({
      description: 'stop: the test of the data fails; or warn',
    }),
  })
  .superRefine((one, context) => {
    const said = (Object.keys(PICTURE_RULES) as PictureRule[]).filter((key) => one[key] !== undefined)
    const problem = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message })
    if (said.length === 0)
      problem([], says('the expectation says nothing', 'Add width_between, readable, balance or another rule.'))
    const whole = said.find((key) => PICTURE_RULES[key].judges === 'set')
    if (whole !== undefined && one.mostly !== undefined)
      problem(
        ['mostly'],
        says(`\`${whole}\` holds or does not, whatever most pictures do`, `Give \`${whole}\` an entry of its own.`),
      )
  })
export type PictureExpectation = z.output<typeof PictureExpectation>

export const PictureSet = z.strictObject({
  folder: text('a path', 'Write the path of the folder that `orrery data add` made a dataset.').meta({
    description: 'the folder, from the project file; a dataset that `orrery data add` made',
  }),
  expect: z.array(PictureExpectation).default([]).meta({ description: 'what must hold of its pictures' }),
})

export const PictureSets = z.record(Name, PictureSet)
