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

/** Pictures of one kind among all of a version. */
export const PICTURE_KINDS = [
  'unreadable',
  'leaking',
  'contradicting',
  'same',
  'near',
  'far',
  'blank',
  'grey',
  'transparent',
  'turned',
  'personal',
] as const
export const PictureKind = z.enum(PICTURE_KINDS)
export type PictureKind = z.infer<typeof PictureKind>

export const ListedPicture = z.object({
  number: z.int().describe('Its place in the order of paths, from 0.'),
  path: z.string(),
  hash: z.string(),
  bytes: z.number(),
  part: z.string().nullable(),
  class: z.string().nullable(),
  format: PictureFormat.nullable().describe('This and the measures are null where it cannot be read.'),
  width: z.int().nullable(),
  height: z.int().nullable(),
  orientation: z.int().nullable(),
  brightness: z.number().nullable(),
  contrast: z.number().nullable(),
  sharpness: z.number().nullable(),
  personal: z.array(z.enum(['place', 'owner', 'device'])),
  problem: PictureProblem.nullable(),
  reason: z.string().nullable(),
  near: z.int().nullable().describe('The first of those that look the same.'),
  far: z.number().nullable().describe('Interquartile ranges from the nearer quartile, where it is beyond the fence.'),
  farBy: PictureMeasure.nullable(),
})
export type ListedPicture = z.infer<typeof ListedPicture>

/** Which pictures of a version, in which order. */
export const PictureQuery = z.object({
  part: z.string().optional(),
  class: z.string().optional(),
  kind: PictureKind.optional(),
  find: z.string().max(200).optional().describe('What their paths have in them.'),
  sort: z.enum(['path', 'far', ...PICTURE_MEASURES]).default('path'),
  order: z.enum(['up', 'down']).default('up'),
  offset: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(200).default(60),
})
export type PictureQuery = z.infer<typeof PictureQuery>

const Thumbnails = z
  .record(z.string(), z.string())
  .describe('Small JPEGs in base64, by hash; none of what cannot be shown.')

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
  listPictures: {
    method: 'GET',
    path: '/api/file-versions/:version/pictures/list',
    permission: 'data:read',
    summary: 'The pictures of a profiled version, filtered and sorted, with their thumbnails.',
    params: OneVersion,
    query: PictureQuery,
    reply: z.object({ total: z.int(), pictures: z.array(ListedPicture), thumbnails: Thumbnails }),
    unchecked: true,
  },
  getPicture: {
    method: 'GET',
    path: '/api/file-versions/:version/pictures/:number',
    permission: 'data:read',
    summary: 'One picture of a profiled version, large enough to look at, and those that look the same.',
    params: OneVersion.extend({ number: z.coerce.number().int().min(0) }),
    reply: z.object({
      picture: ListedPicture,
      preview: z.string().nullable().describe('A JPEG in base64, upright; null where nothing can be shown.'),
      alike: z.array(ListedPicture).describe('The first of those that are, or look, the same.'),
      thumbnails: Thumbnails,
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
