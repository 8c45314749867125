import type { MeasuredPicture, UnreadablePicture } from '#pictures'
import type { PictureMeasure } from './contract.ts'

/** What is shown of a picture that could be measured. */
export interface PictureFacts extends Omit<MeasuredPicture, 'hash' | 'look'> {
  /** 16 hexadecimal digits: see `perceptualHash`. */
  readonly hash: string
}

/** A file of a version, with what is known of its bytes. */
export interface DescribedPicture {
  readonly path: string
  readonly hash: string
  readonly bytes: number
  readonly part: string | null
  readonly class: string | null
  readonly facts: PictureFacts | UnreadablePicture
}

export type ReadablePicture = DescribedPicture & { readonly facts: PictureFacts }

export const isReadable = (one: DescribedPicture): one is ReadablePicture => !('problem' in one.facts)

/** A measure of one picture. */
export function measureOf({ bytes, facts }: ReadablePicture, measure: PictureMeasure): number {
  if (measure === 'bytes') return bytes
  return measure === 'aspect' ? facts.width / facts.height : facts[measure]
}
