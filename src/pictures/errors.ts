import { OrreryError } from '#platform/errors'

/** The bytes are of another kind than the pictures that are taken. */
export class PictureKindRefused extends OrreryError {
  constructor(kind: string) {
    super({
      code: 'ORRERY_PICTURES_KIND_REFUSED',
      status: 415,
      message: `This is ${kind}, not a JPEG or PNG picture.`,
      hint: 'Send JPEG or PNG; a camera and every picture library can write them.',
    })
  }
}

/** A picture that was refused by its size before anything of it was decoded. */
export class PictureTooLarge extends OrreryError {
  constructor(reason: string) {
    super({
      code: 'ORRERY_PICTURES_TOO_LARGE',
      status: 413,
      message: `The picture is too large: ${reason}.`,
      hint: 'Scale it down before sending; the model sees a small version of it anyway.',
    })
  }
}

/** It starts like a picture and is none: cut short, damaged, or made to do harm. */
export class PictureBroken extends OrreryError {
  constructor(reason: string, cause?: unknown) {
    super({
      code: 'ORRERY_PICTURES_BROKEN',
      status: 422,
      message: `The picture cannot be decoded: ${reason}.`,
      hint: 'Check that all of the file was sent; open it in a viewer.',
      cause,
    })
  }
}
