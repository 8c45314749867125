/** Words and parts that all pages of pictures are made of. */
import type { PictureMeasure, PictureProfile } from '#data/contract'
import { bytes, figure } from '../shell/numbers.ts'

export const WORDS: Record<PictureMeasure, string> = {
  width: 'width, px',
  height: 'height, px',
  aspect: 'width ÷ height',
  bytes: 'size of the file',
  brightness: 'brightness',
  contrast: 'contrast',
  sharpness: 'sharpness',
}
export const PROBLEMS: Record<PictureProfile['unreadable'][number]['problem'], string> = {
  truncated: 'cut off',
  broken: 'broken',
  bomb: 'far too large: a bomb',
  foreign: 'of a kind that is not taken, such as HEIC or TIFF',
  no_picture: 'no pictures, whatever their names say',
  crashed: 'ended the decoder',
  too_slow: 'did not come to an end',
}
export const PERSONAL = { place: 'where it was taken', owner: 'whose it is', device: 'which device took it' }

export const shown = (measure: PictureMeasure, value: number) => (measure === 'bytes' ? bytes(value) : figure(value))

export function Thumbnail({
  hash,
  path,
  thumbnails,
}: {
  hash: string
  path: string
  thumbnails: PictureProfile['thumbnails']
}) {
  const small = thumbnails[hash]
  return (
    <figure className="thumbnail">
      {small ? (
        <img src={`data:image/jpeg;base64,${small}`} alt={path} loading="lazy" />
      ) : (
        <span className="no-thumbnail">no picture</span>
      )}
      <figcaption className="note picture-path" title={path}>
        {path}
      </figcaption>
    </figure>
  )
}
