import { z } from 'zod'
import { PictureFormat, PictureProblem } from '#pictures/contract'
import { defineRoutes } from '#platform/http/contract'
import { ExpectationResult } from '../reports/expectation-result.ts'

/** `counts[i]` values lie from `edges[i]` to `edges[i + 1]`; the first and the last bin hold what lies beyond, too. */
const Shape = z.object({
  edges: z.array(z.number()),
  counts: z.array(z.int()),
  min: z.number(),
  median: z.number(),
  max: z.number(),
})

/** What is measured of every picture, and drawn as a histogram. */
export const PICTURE_MEASURES = ['width', 'height', 'aspect', 'bytes', 'brightness', 'contrast', 'sharpness'] as const
export const PictureMeasure = z.enum(PICTURE_MEASURES)
export type PictureMeasure = z.infer<typeof PictureMeasure>

const Counted = z.object({ name: z.string(), pictures: z.int() })

/** Pictures that are, or look, the same. */
export const AlikePictures = z.object({
  pictures: z.array(z.object({ path: z.string(), hash: z.string() })).describe('The first of them.'),
  count: z.int(),
  distance: z.int().describe('Bits of 64 by which their hashes differ at most; 0 for the same bytes.'),
  parts: z.array(z.string()).describe('Parts of the split they are in; more than one leaks.'),
  classes: z.array(z.string()).describe('Classes they are in; more than one contradicts.'),
})
export type AlikePictures = z.infer<typeof AlikePictures>

const Alike = z.object({
  groups: z.int(),
  pictures: z.int().describe('In all of those groups.'),
  acrossParts: z.int().describe('Groups in more than one part.'),
  acrossClasses: z.int().describe('Groups in more than one class.'),
  complete: z.boolean().describe('Whether all could be compared; hundreds of thousands of nearly one picture cannot.'),
  shown: z.array(AlikePictures).describe('Those across parts and classes first.'),
})

export const PictureProfile = z.object({
  version: z.string().describe('`sha256:…` of the list of files.'),
  madeAt: z.number(),
  files: z.int(),
  others: z.int().describe('Files that by their names are no pictures; they were not read.'),
  pictures: z.int(),
  bytes: z.number(),
  formats: z.array(z.object({ format: PictureFormat, pictures: z.int() })),
  sizes: z.array(z.object({ width: z.int(), height: z.int(), pictures: z.int() })).describe('The most frequent ones.'),
  measures: z.record(PictureMeasure, Shape),
  grey: z.int(),
  transparent: z.int(),
  turned: z.int().describe('Whose EXIF says that they are to be turned.'),
  personal: z
    .array(z.object({ kind: z.enum(['place', 'owner', 'device']), pictures: z.int(), examples: z.array(z.string()) }))
    .describe('What EXIF tells of a person.'),
  unreadable: z.array(
    z.object({
      problem: PictureProblem,
      pictures: z.int(),
      examples: z.array(z.object({ path: z.string(), reason: z.string() })),
    }),
  ),
  parts: z.array(z.object({ part: z.string().nullable(), pictures: z.int(), classes: z.array(Counted) })),
  blank: z.int().describe('Without any contrast.'),
  same: Alike.describe('The same bytes.'),
  near: Alike.describe('The same picture to look at: scaled, compressed or lit otherwise.'),
  outliers: z.array(
    z.object({
      path: z.string(),
      hash: z.string(),
      measure: PictureMeasure,
      value: z.number(),
      far: z.number().describe('Interquartile ranges from the nearer quartile.'),
    }),
  ),
  thumbnails: z.record(z.string(), z.string()).describe('Small JPEGs in base64 of what is shown, by hash.'),
  expectations: z.array(ExpectationResult),
})
export type PictureProfile = z.infer<typeof PictureProfile>

const OneVersion = z.object({ version: z.string().describe('The id of a version of files.') })

export const pictureRoutes = defineRoutes({
  getPictureProfile: {
    method: 'GET',
    path: '/api/file-versions/:version/pictures',
    permission: 'data:read',
    summary: 'The profile of a folder of pictures, or how far it is.',
    params: OneVersion,
    reply: z.object({
      profile: PictureProfile.nullable().describe('Null until somebody asks for it.'),
      running: z.object({ message: z.string(), fraction: z.number().nullable() }).nullable(),
      failure: z.object({ code: z.string(), message: z.string(), hint: z.string() }).nullable(),
    }),
    unchecked: true,
  },
  profilePictures: {
    method: 'POST',
    path: '/api/file-versions/:version/pictures',
    permission: 'data:write',
    summary: 'Profiles a folder of pictures; what was measured before is not measured again.',
    params: OneVersion,
    reply: z.object({ job: z.string() }),
    status: 202,
  },
})
