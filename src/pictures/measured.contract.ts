import { z } from 'zod'

/** The kinds of pictures that can be measured; models take the first two. */
export const PICTURE_FORMATS = ['jpeg', 'png', 'webp', 'gif'] as const
export const PictureFormat = z.enum(PICTURE_FORMATS)
export type PictureFormat = z.infer<typeof PictureFormat>

/**
 * `truncated`: its end is missing. `bomb`: more pixels or bytes than anybody needs. `foreign`: a picture of a kind that is not
 * taken. `crashed`: it ended the decoder.
 */
export const PictureProblem = z.enum(['truncated', 'broken', 'bomb', 'foreign', 'no_picture', 'crashed', 'too_slow'])
export type PictureProblem = z.infer<typeof PictureProblem>
